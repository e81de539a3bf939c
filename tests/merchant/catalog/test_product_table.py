"""Rows of a file of products: what each means, and what is said of one that will not do."""

import pytest

from shop.catalog.models import Product, Variant
from shop.merchant.forms import csv_writing
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.factories import make_product
from shop.sales.models import Sale
from tests.support.tables import PRODUCTS, preview, problems, read_in


@pytest.fixture
def tee(merchant: Merchant) -> Product:
    """A product in two sizes."""
    rows = "TEE,Tee,19.90,TEE-M,M,5\nTEE,Tee,19.90,TEE-L,L,7\n"
    read_in(merchant, PRODUCTS, f"sku,name,list_price,variant_sku,variant,supplied\n{rows}")
    return Product.objects.get()


def slugs() -> dict[str, str]:
    return dict(Product.objects.values_list("sku", "slug"))


# --- Addresses ---------------------------------------------------------------------------


def test_products_of_one_name_get_addresses_of_their_own(merchant: Merchant) -> None:
    read_in(merchant, PRODUCTS, "sku,name,list_price\nA,Tee,19.90\nB,Tee,24.90\nC,Tee,9.90\n")
    assert slugs() == {"A": "tee", "B": "tee-2", "C": "tee-3"}


def test_an_address_that_another_product_has_is_not_taken(merchant: Merchant) -> None:
    make_product("TEE", "Tee")
    make_product("TEE-2", "Tee")
    read_in(merchant, PRODUCTS, "sku,name,slug,list_price\nA,Tee,,1\nB,Tee three,tee-3,1\n")
    assert slugs() == {"TEE": "tee", "TEE-2": "tee-2", "A": "tee-4", "B": "tee-3"}


def test_products_of_one_name_in_two_portions_get_addresses_of_their_own(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("ROWS_TOGETHER", 1), ("PORTION", 1), ("_LEAST_PAUSE", 0)):
        monkeypatch.setattr(csv_writing, name, value)
    monkeypatch.setattr(csv_writing, "_TIMES_AS_LONG", 0)
    read_in(merchant, PRODUCTS, "sku,name,list_price\nA,Tee,19.90\nB,Tee,24.90\n")
    assert slugs() == {"A": "tee", "B": "tee-2"}


def test_an_address_that_is_written_twice_is_refused(merchant: Merchant) -> None:
    text = "sku,name,slug,list_price\nA,Tee,tee,19.90\nB,Tee,tee,24.90\n"
    assert problems(preview(merchant, PRODUCTS, text)) == [
        "3 slug: A has this address: write another one."
    ]


def test_a_name_without_letters_of_an_address_gives_one_by_its_sku(merchant: Merchant) -> None:
    read_in(merchant, PRODUCTS, "sku,name,list_price\nA-1,日本,1\n")
    assert slugs() == {"A-1": "a-1"}


# --- Columns -----------------------------------------------------------------------------


def test_a_header_with_a_blank_behind_it_loses_no_column(merchant: Merchant, sale: Sale) -> None:
    read_in(merchant, PRODUCTS, "sku , Name,LIST PRICE \nMUG-01,Big mug,59.90\n")
    mug = Product.objects.get(sku="MUG-01")
    assert (mug.name, mug.list_price) == ("Big mug", 5990)


def test_a_file_of_prices_alone_changes_nothing_else(merchant: Merchant, tee: Product) -> None:
    before = list(Variant.objects.values())
    read_in(merchant, PRODUCTS, "sku;list_price\nTEE;24,90\n")
    tee.refresh_from_db()
    assert tee.list_price == 2490
    assert list(Variant.objects.values()) == before


def test_stock_of_variants_is_found_by_their_own_sku(merchant: Merchant, tee: Product) -> None:
    read_in(merchant, PRODUCTS, "sku,supplied\nTEE-M,9\nTEE-L,8\n")
    assert list(tee.variants.values_list("sku", "stock")) == [("TEE-M", 9), ("TEE-L", 8)]


def test_stock_of_a_product_with_variants_asks_of_which(merchant: Merchant, tee: Product) -> None:
    assert problems(preview(merchant, PRODUCTS, "sku,supplied\nTEE,9\n")) == [
        "2 variant_sku: TEE has several variants: write the sku of one of them."
    ]


def test_variants_without_a_sku_get_one_and_keep_it(merchant: Merchant) -> None:
    text = "sku,name,list_price,variant,supplied\nTEE,Tee,19.90,M,5\nTEE,Tee,19.90,Größe L,7\n"
    read_in(merchant, PRODUCTS, text)
    skus = list(Variant.objects.values_list("sku", "name", "stock"))
    assert skus == [("TEE-m", "M", 5), ("TEE-groe-l", "Größe L", 7)]
    read_in(merchant, PRODUCTS, "sku,variant,supplied\nTEE,M,6\n")
    assert Variant.objects.get(name="M").stock == 6


def test_a_new_product_without_a_currency_has_the_shops(merchant: Merchant) -> None:
    page = preview(merchant, PRODUCTS, "sku,name,list_price\nTEE,Tee,19.90\n")
    assert "EUR, the shop’s currency" in page.text
    read_in(merchant, PRODUCTS, "sku,name,currency,list_price\nTEE,Tee,,19.90\nHAT,Hat,jpy,1200\n")
    assert dict(Product.objects.values_list("sku", "currency")) == {"TEE": "EUR", "HAT": "JPY"}


# --- What is said ------------------------------------------------------------------------


def test_all_that_is_wrong_is_told_by_line_and_by_the_files_own_name_of_the_column(
    merchant: Merchant, sale: Sale
) -> None:
    text = "\n SKU ,Name,List-Price,Supplied\nTEE,Tee,abc,x\n,,,\n\nMUG-01,,49.90,many\nCAP,,1,1\n"
    assert problems(preview(merchant, PRODUCTS, text)) == [
        "3 List-Price: abc is not an amount such as 49.90.",
        "3 Supplied: x is not a whole number of units.",
        "6 Supplied: many is not a whole number of units.",
        "7 Name: A new product needs a name.",
    ]


@pytest.mark.parametrize("price", ["abc", "-1", "1.299", "0", "19.999"])
def test_a_bad_price_is_told_once(merchant: Merchant, price: str) -> None:
    page = preview(merchant, PRODUCTS, f"sku,name,list_price\nTEE,Tee,{price}\n")
    assert len(problems(page)) == 1


def test_what_a_new_product_lacks_is_told(merchant: Merchant) -> None:
    assert problems(preview(merchant, PRODUCTS, "sku,supplied\nTEE,1\n")) == [
        "2 name: A new product needs a name.",
        "2 list_price: A new product needs a price.",
    ]


def test_a_row_without_a_sku_is_told(merchant: Merchant) -> None:
    text = "sku,name,list_price\n,Tee,19.90\n"
    assert problems(preview(merchant, PRODUCTS, text)) == [
        "2 sku: Each row needs the sku of its product."
    ]


def test_rows_of_one_product_that_do_not_agree_are_told(merchant: Merchant, tee: Product) -> None:
    text = "sku,list_price,variant_sku\nTEE,24.90,TEE-M\nTEE,19.90,TEE-L\n"
    page = preview(merchant, PRODUCTS, text)
    assert problems(page) == [
        "3 list_price: Line 2 says something else of TEE, and all variants of a product have one "
        "list_price: write the same, or give this one another sku."
    ]


def test_rows_of_one_product_agree_however_their_letters_are_composed(merchant: Merchant) -> None:
    rows = "M,Mu\u0308tze,9.90,M-1,S\nM,Mu\u0308tze,9.90,M-2,L\n"
    text = f"sku,name,list_price,variant_sku,variant\n{rows}"
    read_in(merchant, PRODUCTS, text)
    assert Product.objects.get().name == "M\u00fctze"
    assert "2 rows: 2 as before" in preview(merchant, PRODUCTS, text).text


def test_rows_of_one_product_may_leave_out_what_another_says(
    merchant: Merchant, tee: Product
) -> None:
    read_in(merchant, PRODUCTS, "sku,list_price,variant_sku\nTEE,24.90,TEE-M\nTEE,,TEE-L\n")
    tee.refresh_from_db()
    assert tee.list_price == 2490
