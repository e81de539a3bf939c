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
from shop.merchant.forms.csv_files import CsvFormat, read_rows
from shop.merchant.forms.csv_tables import CsvTable
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
    """A table of the deals of drafts."""
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
        rows = read_rows(data)
    except ValidationError:
        return Outcome.REFUSED
    _comes_back(rows)
    result = table.plan(rows)
    for error in result.base_errors:
        assert isinstance(error.error, ValidationError), error.traceback
    if result.base_errors or result.invalid_rows:
        return Outcome.REFUSED
    for row in result.rows:
        # A preview shows each cell.
        for cell in row.diff or ():
            str(cell)
    written = {text for row in rows.dict if (text := str(row.get(column) or "").strip())}
    for instance in table.planned:
        amount, currency = price(instance)
        is_written = any(_is_meant(text, amount, currency) for text in written)
        assert is_written or instance.pk is not None, "a price that nobody wrote"
        assert 0 < amount < 10**12
    return Outcome.READ


def _is_meant(text: str, amount: int, currency: str) -> bool:
    try:
        return read_money(text, currency) == amount
    except ValidationError:
        return False


def _comes_back(rows: Any) -> None:
    """What is written of a table reads as the same table."""
    if rows.headers is None:
        return
    again = CsvFormat().create_dataset(CsvFormat().export_data(rows))
    assert isinstance(again, tablib.Dataset)
    assert (again.headers, list(again)) == (rows.headers, list(rows))


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
