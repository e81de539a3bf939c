"""What is taken out and brought in again changes nothing, whatever the content."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop.catalog.models import Product, Variant
from shop.core.typed.names import read_name
from shop.merchant.catalog.product_csv import ProductTable
from shop.merchant.forms.csv_format import CsvFormat
from shop.merchant.forms.csv_tables import CsvTable
from shop.merchant.forms.table_files import read_table
from shop.merchant.sales.deal_csv import DealTable
from shop.qa.pytest_plugin.factories import CLOSES, OPENS
from shop.sales.models import Deal, Sale

pytestmark = pytest.mark.django_db

#: What spreadsheets and readers of files may trip over.
TRICKY = st.lists(
    st.sampled_from(
        [
            *("=1+1", "-2", "+3", "@x", "'", "''", '"', ";", ",", "\t", "|", "\n", "\r\n", " "),
            *("ä", "日", "👕", "1.299,50", "<b>", "\\n", "sep=;", "a", "M\u0308", "\u00a0"),
            *("\ufeff", "\u200b"),
        ]
    ),
    max_size=8,
).map("".join)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | TRICKY
COUNTS = st.integers(0, 2**31 - 1)


@st.composite
def names(draw: Any, most: int) -> str:
    """A name as it is kept."""
    try:
        name = read_name(draw(TEXTS))
    except ValidationError:
        name = ""
    return name[:most].strip() or "Tee"


def changes(table: type[CsvTable], rows: Any) -> tuple[int, list[Any]]:
    """How many rows a table that was taken out has, and what it changes when it comes in."""
    text = CsvFormat().export_data(table().export(rows))
    file = read_table(text.encode())
    plan = table()
    result = plan.plan(plan.rows_of(file))
    assert result.invalid_rows == []
    return len(file.rows), plan.planned


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    name=names(most=120),
    text=TEXTS,
    amount=st.integers(1, 10**12 - 1),
    currency=st.sampled_from(["EUR", "JPY", "RSD", "HUF"]),
    variants=st.lists(names(most=60), unique=True, max_size=4),
    stock=COUNTS,
    is_sold=st.booleans(),
)
def test_products_that_come_back_change_nothing(
    db: None,
    name: str,
    text: str,
    amount: int,
    currency: str,
    variants: list[str],
    stock: int,
    is_sold: bool,
) -> None:
    with transaction.atomic():
        product = Product.objects.create(
            sku="TEE",
            slug="tee",
            name=name,
            text=text,
            list_price=amount,
            currency=currency,
            sold_at_list_price=is_sold,
        )
        several = {f"TEE-{number}": each for number, each in enumerate(variants)}
        for sku, each in (several or {"TEE": ""}).items():
            Variant.objects.create(product=product, sku=sku, name=each, stock=stock)
        rows = Variant.objects.select_related("product").order_by("pk")
        assert changes(ProductTable, rows) == (max(1, len(variants)), [])
        transaction.set_rollback(True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    amount=st.integers(1, 10**12 - 1),
    allocation=st.none() | COUNTS,
    limit=st.integers(1, 10**6),
    position=st.integers(0, 32_767),
    is_withdrawn=st.booleans(),
    state=st.sampled_from(Sale.State),
)
def test_deals_that_come_back_change_nothing(
    db: None,
    amount: int,
    allocation: int | None,
    limit: int,
    position: int,
    is_withdrawn: bool,
    state: str,
) -> None:
    with transaction.atomic():
        product = Product.objects.create(
            sku="TEE", slug="tee", name="Tee", list_price=1990, currency="EUR"
        )
        sale = Sale.objects.create(
            slug="autumn",
            title="Autumn",
            starts_at=OPENS,
            ends_at=CLOSES,
            state=state,
            published_at=OPENS,
        )
        Deal.objects.create(
            sale=sale,
            product=product,
            price=amount,
            allocation=allocation,
            max_per_shopper=limit,
            position=position,
            withdrawn=is_withdrawn,
        )
        rows = Deal.objects.select_related("sale", "product")
        assert changes(DealTable, rows) == (1, [])
        transaction.set_rollback(True)
