"""Product files of other shops: what their columns are taken for, and what comes of them."""

from pathlib import Path

import pytest

from shop.catalog.models import Product, Variant
from shop.merchant.catalog.product_columns import text_of
from shop.merchant.forms import csv_writing
from shop.merchant.models import CsvImport
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.client import HtmlPage
from tests.support.tables import PRODUCTS, choose, chosen_columns, confirmed, preview, problems

FILES = Path(__file__).parents[2] / "inputs" / "tables"

type Rows = dict[str, list[tuple[str, str, int]]]


def guessed(merchant: Merchant, name: str) -> HtmlPage:
    """The page that asks what the columns of a file are."""
    return preview(merchant, PRODUCTS, (FILES / name).read_bytes())


def brought_in(merchant: Merchant, name: str) -> HtmlPage:
    """Bring a file in as its columns are guessed; its preview."""
    page = choose(merchant, PRODUCTS, guessed(merchant, name))
    assert problems(page) == []
    confirmed(merchant, PRODUCTS, page)
    return page


def variants() -> Rows:
    """Every variant by its product's sku: its own sku, its name, and its units."""
    found: Rows = {}
    for sku, *rest in Variant.objects.order_by("product__sku", "pk").values_list(
        "product__sku", "sku", "name", "stock"
    ):
        found.setdefault(sku, []).append(tuple(rest))  # type: ignore[arg-type]
    return found


def test_an_export_of_shopify_becomes_products_with_variants(merchant: Merchant) -> None:
    page = brought_in(merchant, "shopify-export.csv")
    assert variants() == {
        "cotton-tee": [
            ("TEE-BL-M", "Blue / M", 12),
            ("TEE-BL-L", "Blue / L", 8),
            ("cotton-tee-red-m", "Red / M", 0),
        ],
        "MUG-300": [("MUG-300", "", 40)],
        "old-lamp": [("old-lamp", "", 3)],
    }
    tee, lamp = Product.objects.get(sku="cotton-tee"), Product.objects.get(sku="old-lamp")
    assert (tee.name, tee.slug, tee.list_price) == ("Cotton Tee", "cotton-tee", 1990)
    assert tee.text == "Soft & light.\n• Organic cotton\n• 30 °C"
    assert tee.sold_at_list_price
    assert not lamp.sold_at_list_price, "a draft, and not published"
    assert "Left out: Vendor, Product Category" in page.text
    assert "EUR, the shop’s currency" in page.text
    assert "Products without a sku get one" in page.text


def test_the_page_says_which_shop_a_file_is_from_and_what_it_is_taken_for(
    merchant: Merchant,
) -> None:
    page = guessed(merchant, "shopify-export.csv")
    assert "This looks like an export of Shopify." in page.text
    assert chosen_columns(page) == {
        "Handle": "group",
        "Title": "name",
        "Body (HTML)": "text",
        "Published": "sold_at_list_price",
        "Option1 Value": "variant",
        "Option2 Value": "variant",
        "Option3 Value": "variant",
        "Variant SKU": "variant_sku",
        "Variant Inventory Qty": "supplied",
        "Variant Price": "list_price",
        "Status": "sold_at_list_price",
    }
    handle = page.one("table.columns-chosen tbody tr")
    assert [each.get_text() for each in handle.select(".sample")] == [
        "cotton-tee",
        "stoneware-mug",
        "old-lamp",
    ]
    assert not Product.objects.exists()


def test_shopifys_columns_of_2025_are_known_too(merchant: Merchant) -> None:
    brought_in(merchant, "shopify-template-2025.csv")
    assert variants() == {"wool-scarf": [("SCARF-1", "Short", 4), ("SCARF-2", "Long", 6)]}
    assert Product.objects.get().text == "Warm."


def test_an_export_of_woocommerce_becomes_products_with_variants(merchant: Merchant) -> None:
    page = brought_in(merchant, "woocommerce-export.csv")
    assert variants() == {
        "hoodie": [("hoodie-red", "Red / No", 3), ("hoodie-blue-yes", "Blue / Yes", 4)],
        "ALBUM": [("ALBUM", "", 5)],
        "beanie-46": [("beanie-46", "", 7)],
    }
    hoodie, beanie = Product.objects.get(sku="hoodie"), Product.objects.get(sku="beanie-46")
    assert (hoodie.name, hoodie.list_price) == ("Hoodie", 4500)
    assert hoodie.text == "A hoodie.\n\nWarm\nWith a hood."
    assert (hoodie.sold_at_list_price, beanie.sold_at_list_price) == (True, False)
    assert "2 rows left out: groups of products, or sold elsewhere." in page.text


def test_an_export_of_woocommerce_in_german_is_known_too(merchant: Merchant) -> None:
    brought_in(merchant, "woocommerce-deutsch.csv")
    assert variants() == {"HEMD": [("HEMD-M", "M", 5), ("HEMD-L", "L", 2)]}
    assert Product.objects.get().list_price == 4990


@pytest.mark.parametrize(
    "name",
    [
        "shopify-export.csv",
        "shopify-template-2025.csv",
        "woocommerce-export.csv",
        "woocommerce-deutsch.csv",
        "german-price-list.csv",
        "names-and-prices.csv",
    ],
)
def test_what_is_brought_in_twice_changes_nothing(merchant: Merchant, name: str) -> None:
    brought_in(merchant, name)
    before = list(Product.objects.values()), list(Variant.objects.values())
    page = choose(merchant, PRODUCTS, guessed(merchant, name))
    assert "new" not in page.text.partition("Nothing is written yet")[2].partition(".")[0]
    confirmed(merchant, PRODUCTS, page)
    assert (list(Product.objects.values()), list(Variant.objects.values())) == before


def test_a_list_in_german_is_understood_by_its_words(merchant: Merchant) -> None:
    page = guessed(merchant, "german-price-list.csv")
    assert chosen_columns(page) == {
        "Artikelnr.": "sku",
        "Bezeichnung": "name",
        "Größe": "variant",
        "VK-Preis (EUR)": "list_price",
        "Lagerbestand": "supplied",
    }
    brought_in(merchant, "german-price-list.csv")
    assert variants() == {
        "4711": [("4711-m", "M", 5), ("4711-l", "L", 7)],
        "4712": [("4712", "", 1)],
    }
    assert Product.objects.get(sku="4712").list_price == 129_900


def test_names_and_prices_alone_make_products(merchant: Merchant) -> None:
    brought_in(merchant, "names-and-prices.csv")
    assert dict(Product.objects.values_list("sku", "list_price")) == {
        "tasse": 1250,
        "theiere": 3900,
    }


# --- The choice -----------------------------------------------------------------------


def test_a_column_that_nobody_knows_is_asked_about_and_never_dropped(merchant: Merchant) -> None:
    page = preview(merchant, PRODUCTS, "sku,name,list_price,Shade\nTEE,Tee,19.90,red\n")
    assert chosen_columns(page) == {"sku": "sku", "name": "name", "list_price": "list_price"}
    assert "Shade" in page.text and "red" in page.text
    page = choose(merchant, PRODUCTS, page, {"Shade": "variant"})
    confirmed(merchant, PRODUCTS, page)
    assert variants() == {"TEE": [("TEE", "red", 0)]}


def test_a_file_of_which_nothing_is_known_is_asked_about(merchant: Merchant) -> None:
    page = preview(merchant, PRODUCTS, "a;b;c\nTEE;Tee;19,90\n")
    assert "No column is taken for sku" in choose(merchant, PRODUCTS, page).text
    chosen = {"a": "sku", "b": "name", "c": "list_price"}
    confirmed(merchant, PRODUCTS, choose(merchant, PRODUCTS, page, chosen))
    assert Product.objects.get().list_price == 1990


def test_one_of_ours_is_given_by_one_column(merchant: Merchant) -> None:
    page = preview(merchant, PRODUCTS, "sku;name;VK;EK\nTEE;Tee;19,90;9,90\n")
    page = choose(merchant, PRODUCTS, page, {"VK": "list_price", "EK": "list_price"})
    assert "Two columns are taken for list_price" in page.text
    assert chosen_columns(page)["EK"] == "list_price", "what was chosen stays"


def test_errors_are_told_by_the_files_own_lines_and_columns(merchant: Merchant) -> None:
    text = (FILES / "woocommerce-export.csv").read_text().replace("A hoodie.", "x" * 10)
    text = text.replace("hoodie-red", "hoodie red").replace(",Hoodie,1", f",{'H' * 121},1")
    page = choose(merchant, PRODUCTS, preview(merchant, PRODUCTS, text))
    found = problems(page)
    assert found[0].startswith("2 Name: Ensure this value has at most 120 characters")
    assert found[1].startswith("7 SKU: A sku has letters, digits, dots and dashes")


def test_variants_that_cost_differently_are_told(merchant: Merchant) -> None:
    text = (FILES / "woocommerce-deutsch.csv").read_text().replace("49,90", "59,90", 1)
    page = choose(merchant, PRODUCTS, preview(merchant, PRODUCTS, text))
    assert problems(page) == [
        "4 Regulärer Preis: Line 3 says something else of HEMD, and all variants of a product "
        "have one list_price: write the same, or give this one another sku."
    ]


def test_the_choice_may_be_made_anew(merchant: Merchant) -> None:
    page = guessed(merchant, "german-price-list.csv")
    page = choose(merchant, PRODUCTS, page, {"Größe": "", "Lieferant": "variant"})
    token = str(page.one("form:has(button) [name=file]")["value"])
    page = merchant.send("/merchant/catalog/product/import/", {"file": token})
    assert chosen_columns(page)["Lieferant"] == "variant"
    assert "Größe" not in chosen_columns(page)


def test_the_choice_is_anothers_for_nobody_else(merchant: Merchant) -> None:
    page = guessed(merchant, "german-price-list.csv")
    bob = Merchant("bob")
    assert "not kept any more" in choose(bob, PRODUCTS, page).text


def test_a_large_file_of_another_shop_is_written_in_the_background(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("ROWS_TOGETHER", 1), ("PORTION", 2), ("_LEAST_PAUSE", 0)):
        monkeypatch.setattr(csv_writing, name, value)
    monkeypatch.setattr(csv_writing, "_TIMES_AS_LONG", 0)
    brought_in(merchant, "shopify-export.csv")
    assert CsvImport.objects.get().status == CsvImport.Status.DONE
    assert len(variants()["cotton-tee"]) == 3


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("Holds 300 ml.", "Holds 300 ml."),
        ("5 < 6", "5 < 6"),
        ("a\\nb", "a\nb"),
        ("<p>One</p><p>Two<br>Three</p>", "One\nTwo\nThree"),
        ("Salt &amp; pepper", "Salt & pepper"),
        ("<ul><li>One</li><li>Two</li></ul>", "• One\n• Two"),
        ("<script>alert(1)</script><b>Bold</b>", "Bold"),
    ],
)
def test_html_becomes_text(html: str, text: str) -> None:
    assert text_of(html) == text
