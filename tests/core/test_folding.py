"""Search finds a name however it is written, alike on both databases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.catalog.models import Product
from shop.core.folding import folded
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.factories import make_product
from shop.sales.models import Sale
from tests.support.factories import make_order

NAMES = ["Müller", "MÜLLER", "mueller", "Muller", "Straße", "ΟΔΟΣ", "ИВАН", "Łódź"]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("MÜLLER", "muller"),
        ("Straße", "strasse"),
        ("İstanbul", "istanbul"),
        ("ИВАН", "иван"),
        ("οδός", "οδοσ"),
        ("ｍｕｇ", "mug"),
        ("ﬁne", "fine"),
    ],
)
def test_a_text_is_folded(text: str, plain: str) -> None:
    assert folded(text) == plain


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("müller", {"Müller", "MÜLLER", "Muller"}),
        ("Mu\u0308LLER", {"Müller", "MÜLLER", "Muller"}),
        ("strasse", {"Straße"}),
        ("иван", {"ИВАН"}),
        ("οδός", {"ΟΔΟΣ"}),
        ("100%", set()),
        ("_", set()),
    ],
)
def test_a_product_is_found_however_its_name_is_written(
    db: None, typed: str, found: set[str]
) -> None:
    for number, name in enumerate(NAMES):
        make_product(f"P-{number}", name)
    rows = Product.objects.filter(name__folded=typed)
    assert {row.name for row in rows} == found


@pytest.mark.django_db
@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=20))
def test_the_database_folds_as_the_shop_does(text: str) -> None:
    row = {"slug": "p", "name": text, "list_price": 1, "currency": "EUR"}
    Product.objects.update_or_create(sku="P", defaults=row)
    assert Product.objects.filter(name__folded=text).exists()


def test_an_order_is_found_by_its_shoppers_name(merchant: Merchant, sale: Sale) -> None:
    order = make_order(sale, name="Zoë Müller")
    for typed in ("müller", "MULLER", "zoe"):
        page = merchant.open(f"/merchant/checkout/order/?q={typed}")
        assert order.number in page.text


def test_a_product_without_a_name_to_see_is_refused(merchant: Merchant, sale: Sale) -> None:
    product = Product.objects.get(sku="MUG-01")
    path = f"/merchant/catalog/product/{product.pk}/change/"
    assert "cannot be seen" in merchant.change(path, name="\u200b").text
    assert "turns the direction" in merchant.change(path, name="mug\u202egpj").text
    merchant.change(path, name="Mu\u0308g ")
    product.refresh_from_db()
    assert product.name == "Müg"
