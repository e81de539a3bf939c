"""Products and deals as CSV: previewed, all or nothing, and every bad row named."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from shop.catalog.models import Product, StockMovement, Variant
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.client import HtmlPage
from shop.qa.pytest_plugin.factories import CLOSES, OPENS, make_product
from shop.sales.models import Deal, Sale

HEADER = "sku,name,currency,list_price,variant_sku,variant,supplied\n"


def preview(merchant: Merchant, table: str, text: str) -> HtmlPage:
    """Upload a table, and see what would come of it."""
    path = reverse(f"admin:{table}_import")
    file = SimpleUploadedFile("table.csv", text.encode(), content_type="text/csv")
    return merchant.send(path, {"format": "0", "import_file": file})


def read_in(merchant: Merchant, table: str, text: str) -> HtmlPage:
    """Upload a table, and confirm the preview."""
    page = preview(merchant, table, text)
    form = page.soup.select_one("form:has([name=confirm])")
    assert form is not None, page.text
    fields = {str(each["name"]): str(each.get("value", "")) for each in form.select("input[name]")}
    return merchant.send(reverse(f"admin:{table}_process_import"), fields)


def export(merchant: Merchant, table: str) -> list[dict[str, str]]:
    answer = merchant.client.get(reverse(f"admin:{table}_export"))
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


PRODUCTS, DEALS = "catalog_product", "sales_deal"


def test_products_come_in_with_variants_stock_and_price_history(merchant: Merchant) -> None:
    read_in(
        merchant,
        PRODUCTS,
        HEADER + "TEE,Tee,EUR,19.90,TEE-M,M,5\nTEE,Tee,EUR,19.90,TEE-L,L,7\nHAT,Hat,JPY,1200,,,3\n",
    )
    tee, hat = Product.objects.get(sku="TEE"), Product.objects.get(sku="HAT")
    assert [(each.sku, each.stock) for each in tee.variants.all()] == [("TEE-M", 5), ("TEE-L", 7)]
    assert (tee.list_price, hat.list_price, hat.variants.get().sku) == (1990, 1200, "HAT")
    assert tee.price_points.get().amount == 1990
    movement = StockMovement.objects.get(variant__sku="TEE-L")
    assert (movement.units, movement.made_by) == (7, merchant.user)


def test_a_product_that_a_table_keeps_for_sales_has_no_list_price_to_strike_through(
    merchant: Merchant,
) -> None:
    row = "TEE,Tee,EUR,19.90,TEE,,5"
    read_in(merchant, PRODUCTS, f"{HEADER}{row}\n")
    header = HEADER.strip() + ",sold_at_list_price\n"
    read_in(merchant, PRODUCTS, f"{header}{row},no\n")
    record = Product.objects.get().price_points.values_list("amount", "could_be_bought")
    assert list(record)[-1] == (1990, False)


def test_a_preview_writes_nothing(merchant: Merchant) -> None:
    page = preview(merchant, PRODUCTS, HEADER + "TEE,Tee,EUR,19.90,TEE-M,M,5\n")
    assert "TEE-M" in page.text
    assert not Product.objects.exists()


def test_one_bad_row_keeps_the_whole_file_out_and_is_named(merchant: Merchant) -> None:
    page = preview(
        merchant, PRODUCTS, HEADER + "TEE,Tee,EUR,19.90,TEE-M,M,5\nHAT,Hat,EUR,19.999,HAT,,some\n"
    )
    row = page.one("table.import-preview tbody tr").get_text(" ")
    assert row.split()[0] == "2"
    assert len(page.soup.select("table.import-preview tbody tr")) == 1
    assert "Amounts in EUR have 2 decimals" in page.text
    assert "some is not a whole number" in page.text
    assert not page.soup.select("[name=confirm]")
    assert not Product.objects.exists()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("TEE,Tee,XXXX,1,TEE,,1", "not a currency"),
        ("TEE,,EUR,1,TEE,,1", "cannot be blank"),
        ("TEE,Tee,EUR,0,TEE,,1", "above zero"),
        ("TEE,Tee,EUR,1,CAP,,1", "has the product's own sku"),
        ("TEE,Tee,EUR,1,MUG-01,M,1", "is a variant of MUG-01"),
        ("MUG-01,Mug,USD,1,MUG-01,,1", "keeps its currency"),
        ("MUG-01,Mug,EUR,1,MUG-01,,2", "2 is fewer than the 3 claimed"),
        ("MUG-01,Mug,EUR,1,MUG-XL,XL,2", "each needs a name"),
    ],
)
def test_the_error_in_a_row_is_said(merchant: Merchant, sale: Sale, row: str, said: str) -> None:
    Variant.objects.filter(sku="MUG-01").update(claimed=3)
    assert said in preview(merchant, PRODUCTS, HEADER + row + "\n").text


def test_a_column_that_nobody_knows_is_refused(merchant: Merchant) -> None:
    page = preview(merchant, PRODUCTS, "sku,name,list_price,variant_sku,supplied,colour\n")
    assert not page.soup.select("[name=confirm]")
    page = preview(
        merchant, PRODUCTS, "sku,name,list_price,variant_sku,supplied,colour\nA,A,1,A,1,red\n"
    )
    assert "Nobody knows the column colour" in page.text


def test_what_goes_out_comes_in_again_and_changes_nothing(merchant: Merchant, sale: Sale) -> None:
    rows = export(merchant, PRODUCTS)
    shown = [rows[1][name] for name in ("sku", "list_price", "supplied")]
    assert shown == ["MUG-01", "49.90", "100"]
    text = merchant.client.get(reverse("admin:catalog_product_export")).content.decode()
    moved, before = StockMovement.objects.count(), list(Product.objects.values())
    read_in(merchant, PRODUCTS, text)
    assert StockMovement.objects.count() == moved
    assert list(Product.objects.values()) == before


def test_what_a_file_leaves_out_stays(merchant: Merchant, sale: Sale) -> None:
    read_in(merchant, PRODUCTS, HEADER + "MUG-01,Big mug,,,MUG-01,,\n")
    mug = Product.objects.get(sku="MUG-01")
    assert (mug.name, mug.list_price, mug.variants.get().stock) == ("Big mug", 4990, 100)


def test_deals_of_a_draft_come_in(merchant: Merchant, sale: Sale) -> None:
    make_product("HAT", "Hat", list_price=2000)
    draft = Sale.objects.create(slug="winter", title="Winter", starts_at=OPENS, ends_at=CLOSES)
    read_in(merchant, DEALS, "sale,sku,price,allocation\nwinter,HAT,9.90,20\nwinter,MUG-01,4.90,\n")
    deals = draft.deals.values_list("product__sku", "price", "allocation")
    assert sorted(deals) == [("HAT", 990, 20), ("MUG-01", 490, None)]


def test_what_a_file_changes_of_a_deal_is_recorded(merchant: Merchant, sale: Sale) -> None:
    make_product("HAT", "Hat", list_price=2000)
    Sale.objects.update(state=Sale.State.DRAFT, published_at=None)
    read_in(
        merchant,
        DEALS,
        "sale,sku,price,allocation,withdrawn\nautumn,MUG-01,5.99,40,no\nautumn,HAT,9.90,,no\n",
    )
    assert list(
        sale.changes.filter(made_by=merchant.user)
        .order_by("pk")
        .values_list("deal__product__sku", "field", "before", "after")
    ) == [
        ("MUG-01", "price", 499, 599),
        ("MUG-01", "allocation", None, 40),
        ("HAT", "deal", None, "HAT"),
    ]


def test_deals_of_a_published_sale_are_changed_on_its_page(merchant: Merchant, sale: Sale) -> None:
    page = preview(merchant, DEALS, "sale,sku,price\nautumn,MUG-01,9.90\n")
    assert "Autumn is published" in page.text
    assert Deal.objects.get(product__sku="MUG-01").price == 499


def test_deals_go_out_with_what_orders_have(merchant: Merchant, sale: Sale) -> None:
    rows = {row["sku"]: row for row in export(merchant, DEALS)}
    assert rows["MUG-01"]["price"] == "4.99"
    assert rows["LMP-01"] | {"position": ""} == {
        "sale": "autumn",
        "sku": "LMP-01",
        "position": "",
        "currency": "EUR",
        "price": "7.90",
        "allocation": "50",
        "max_per_shopper": "10",
        "withdrawn": "no",
        "in_orders": "0",
    }


def test_a_preview_says_what_changes_and_how_it_was(merchant: Merchant, sale: Sale) -> None:
    page = preview(merchant, PRODUCTS, HEADER + "MUG-01,Big mug,,50,MUG-01,,\n")
    assert "Stoneware mug → Big mug" in page.text
    assert "49.90 → 50.00" in page.text
    assert "changed" in page.one("table.import-preview tbody th").get_text()


def test_a_file_with_semicolons_is_read_too(merchant: Merchant) -> None:
    text = "\ufeff" + HEADER.replace(",", ";") + "HAT;Hat;EUR;19.90;;;3\n"
    read_in(merchant, PRODUCTS, text)
    assert Product.objects.get(sku="HAT").list_price == 1990


@pytest.mark.parametrize("text", ["sku\nA\n", "a;b;c\n1;2;3\n", "\x00", "sku,sku\n1,2\n"])
def test_what_is_no_table_of_ours_is_refused_in_words(merchant: Merchant, text: str) -> None:
    page = preview(merchant, PRODUCTS, text)
    assert page.status == 200
    assert "Traceback" not in page.html
    assert not page.soup.select("[name=confirm]")
    assert page.soup.select(".notice.alarm li, .errorlist li")
