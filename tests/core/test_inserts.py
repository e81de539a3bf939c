"""Rows that are inserted by a compiled statement are the rows that Django would write."""

from copy import copy
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Model
from pytest_django import DjangoAssertNumQueries

from shop.core.inserts import insert_rows
from shop.orders.charge import ChargeKind
from shop.orders.models import ClaimOrigin, Order, OrderCharge
from shop.sales.models import Sale
from tests.support.factories import make_order


@pytest.fixture
def order(sale: Sale) -> Order:
    """An order with characters that mean something in SQL, and to Django's drivers."""
    return make_order(sale, name='O\'Neill; "100 %s" ?', line2="\N{SNOWMAN}", receipt_sent_at=None)


def charges(order: Order) -> list[OrderCharge]:
    return [
        OrderCharge(order=order, kind=ChargeKind.SHIPPING, label="Parcel", amount=490),
        OrderCharge(
            order=order,
            kind=ChargeKind.TAX,
            label="VAT",
            amount=81,
            is_included=True,
            percent=Decimal("8.1"),
        ),
    ]


def columns(row: Model, *others: str) -> dict[str, object]:
    """The columns of a row as the database has them, but for its key and ``others``."""
    [values] = type(row)._base_manager.filter(pk=row.pk).values()
    return {name: value for name, value in values.items() if name not in {"id", *others}}


def test_a_row_has_the_columns_that_django_writes(order: Order) -> None:
    twin = copy(order)
    twin.pk, twin.number = None, "FF-87654321"
    insert_rows([twin])
    assert twin.pk not in {None, order.pk}
    assert columns(twin, "number") == columns(order, "number")
    theirs = OrderCharge.objects.bulk_create(charges(order))
    ours = charges(order)
    insert_rows(ours)
    assert [columns(row) for row in ours] == [columns(row) for row in theirs]


def test_each_row_gets_its_own_key(order: Order) -> None:
    rows = charges(order) + charges(order)
    insert_rows(rows)
    stored = dict(OrderCharge.objects.values_list("pk", "label"))
    assert stored == {row.pk: row.label for row in rows}
    assert len(stored) == 4


def test_a_row_whose_key_is_another_rows_keeps_it(order: Order) -> None:
    insert_rows([ClaimOrigin(order=order, network="n" * 64, counts_from=order.placed_at)])
    assert ClaimOrigin.objects.get().pk == order.pk


def test_an_inserted_row_can_be_changed_and_saved(order: Order) -> None:
    rows = charges(order)
    insert_rows(rows)
    rows[0].amount = 500
    rows[0].save()
    assert list(OrderCharge.objects.values_list("amount", flat=True)) == [500, 81]


def test_constraints_hold(order: Order) -> None:
    twin = copy(order)
    twin.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows([twin])
    assert Order.objects.count() == 1


def test_no_rows_need_no_statement(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        insert_rows([])
