"""Targets: files that people bring: tables, documents of a sale, scenarios."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import tablib
from django.core.exceptions import ValidationError
from pytest_bdd import feature

from shop.catalog.models import Variant
from shop.core.typed.money import read_money
from shop.merchant.catalog.product_csv import ProductTable
from shop.merchant.forms.csv_format import CsvFormat
from shop.merchant.forms.csv_tables import CsvTable
from shop.merchant.forms.table_files import TableFile, read_table
from shop.merchant.forms.table_rows import problems_of
from shop.merchant.sales.deal_csv import DealTable
from shop.qa.pytest_plugin.collector import BadFeature, tests_of
from shop.qa.pytest_plugin.factories import CLOSES, OPENS, make_product
from shop.sales.documents.json_reader import DocumentError
from shop.sales.documents.schema import read_document
from shop.sales.models import Deal, Sale
from tests.fuzz.target import Outcome, Target

#: The configurations by which pytest-bdd knows what a tag means.
_STACK: list[pytest.Config] = import_module("pytest_bdd.scenario").CONFIG_STACK


@contextmanager
def a_shop_with_a_draft() -> Iterator[None]:
    """Rows that a table may be about."""
    mug = make_product()
    make_product("TEE", "Tee", variants={"M": 5, "L": 7})
    make_product("HAT", "Hat", list_price=1200, currency="JPY")
    draft = Sale.objects.create(slug="draft", title="Draft", starts_at=OPENS, ends_at=CLOSES)
    Sale.objects.create(
        slug="autumn", title="Autumn", starts_at=OPENS, ends_at=CLOSES, published_at=OPENS
    )
    Deal.objects.create(sale=draft, product=mug, price=499, position=0)
    yield


def deals(data: bytes) -> Outcome:
    """A table of the deals of sales."""
    return _planned(DealTable(), data, "price", _price_of_deal)


def products(data: bytes) -> Outcome:
    """A table of products, a row for each variant."""
    return _planned(ProductTable(), data, "list_price", _price_of_variant)


def _price_of_deal(deal: Deal) -> tuple[int, str]:
    return deal.price, deal.product.currency


def _price_of_variant(variant: Variant) -> tuple[int, str]:
    return variant.product.list_price, variant.product.currency


def _planned(table: CsvTable, data: bytes, column: str, price: Any) -> Outcome:
    try:
        file = read_table(data)
    except ValidationError as refused:
        assert refused.messages
        return Outcome.REFUSED
    if table.named(file.headers) is None:
        _asked_about(type(table), file)
        return Outcome.REFUSED
    _comes_back(file)
    rows = table.rows_of(file)
    result = table.plan(rows)
    assert not result.has_errors()
    if result.has_validation_errors():
        assert all(map(str, problems_of(result, rows)))
        return Outcome.REFUSED
    for shown in result.rows:
        # A preview shows each cell.
        for cell in shown.diff or ():
            str(cell)
    written = {text for row in rows.rows if (text := row.cells.get(column, "").strip())}
    for instance in table.planned:
        amount, currency = price(instance)
        is_written = any(_is_meant(text, amount, currency) for text in written)
        assert is_written or instance.pk is not None, "a price that nobody wrote"
        assert 0 < amount < 10**12
    return Outcome.READ


def _asked_about(table: type[CsvTable], file: TableFile) -> None:
    """What is guessed of columns that have names of their own is planned as well."""
    columns = table.choices.guess(file.headers).columns
    try:
        table.choices.check(columns, table.needed)
    except ValidationError:
        return
    rows = table.rows_of(file, columns)
    result = table().plan(rows)
    assert not result.has_errors()
    assert all(map(str, problems_of(result, rows)))


def _is_meant(text: str, amount: int, currency: str) -> bool:
    try:
        return read_money(text, currency) == amount
    except ValidationError:
        return False


def _comes_back(file: TableFile) -> None:
    """What is written of a table reads as the same table."""
    text = CsvFormat().export_data(tablib.Dataset(*file.rows, headers=file.headers))
    again = read_table(text.encode())
    assert (again.headers, again.rows) == (file.headers, file.rows)


def sale_document(data: bytes) -> Outcome:
    """A document that ``load_sale`` reads."""
    try:
        document = read_document(data)
    except DocumentError as error:
        assert error.problems
        assert str(error)
        return Outcome.REFUSED
    assert document.deals
    assert document.values["starts_at"] < document.values["ends_at"]
    for deal in document.deals:
        assert 0 < deal.values["price"] < 10**12
        assert deal.variants
    repr(document).encode()
    return Outcome.READ


@contextmanager
def any_tag() -> Iterator[None]:
    """Outside of pytest, which knows the markers that a tag may be."""
    takes_any = SimpleNamespace(pytest_bdd_apply_tag=lambda **_: True)
    _STACK.append(cast(pytest.Config, SimpleNamespace(hook=takes_any)))
    try:
        yield
    finally:
        _STACK.pop()


def feature_file(data: bytes) -> Outcome:
    """A file of scenarios, before any of them runs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.feature"
        path.write_bytes(data)
        try:
            module = tests_of(path)
            titles = list(feature.features[str(path)].scenarios)
        except BadFeature as error:
            assert str(error)
            return Outcome.REFUSED
        finally:
            feature.features.clear()
    assert titles
    for title in titles:
        assert title.strip()
        assert callable(getattr(module, title))
    return Outcome.READ


TARGETS = [
    Target("deals-csv", deals, asks_database=True, around=a_shop_with_a_draft),
    Target("products-csv", products, asks_database=True, around=a_shop_with_a_draft),
    Target("sale-document", sale_document),
    Target("feature-file", feature_file, most_bytes=1500, around=any_tag),
]
