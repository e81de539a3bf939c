"""Statements that are sent together do what they do one after another."""

import pytest
from django.db import IntegrityError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from shop.catalog.models import Variant
from shop.core.statements import SqlStatement, run_together
from shop.qa.pytest_plugin.factories import make_product

CLAIM = "UPDATE catalog_variant SET claimed = claimed + %s WHERE sku = %s AND claimed + %s <= stock"
NAME = "SELECT name FROM catalog_variant"
CLAIMED = "SELECT sku, claimed FROM catalog_variant WHERE sku = %s"


def test_each_sees_what_those_before_it_did(db: None) -> None:
    make_product("MUG-01", stock=3)
    ask = SqlStatement(CLAIMED, ["MUG-01"])
    claim = SqlStatement(CLAIM, [2, "MUG-01", 2])
    before, taken, between, refused, after = run_together([ask, claim, ask, claim, ask])
    assert [each.rows for each in (before, between, after)] == [
        [("MUG-01", 0)],
        [("MUG-01", 2)],
        [("MUG-01", 2)],
    ]
    assert (taken.count, refused.count) == (1, 0)


def test_values_are_never_taken_for_statements(db: None) -> None:
    name = "'; DELETE FROM catalog_variant; -- %s"
    make_product("MUG-01")
    rename = SqlStatement("UPDATE catalog_variant SET name = %s", [name])
    [_, [(found,)]] = [each.rows for each in run_together([rename, SqlStatement(NAME, [])])]
    assert (found, Variant.objects.count()) == (name, 1)


def test_a_statement_takes_other_values_each_time_and_keeps_its_percent_signs(db: None) -> None:
    percent = "SELECT CAST(%s AS text) || '%%', '%%s'"
    for value in ("5", "19"):
        [result] = run_together([SqlStatement(percent, [value])])
        assert result.rows == [(f"{value}%", "%s")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT CAST(%(rate)s AS text) || '%%'", {"rate": "7"})
        assert cursor.fetchall() == [("7%",)]


def test_nothing_follows_one_that_fails(db: None) -> None:
    make_product("MUG-01", stock=3)
    wrong = SqlStatement("UPDATE catalog_variant SET claimed = stock + 1", [])
    with pytest.raises(IntegrityError), transaction.atomic():
        run_together([wrong, SqlStatement("DELETE FROM catalog_variant", [])])
    assert Variant.objects.get().claimed == 0


def test_postgresql_takes_them_in_one_round_trip(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    trips = {"postgresql": 1, "sqlite": 2}
    with django_assert_num_queries(trips[connection.vendor]):
        run_together([SqlStatement("SELECT 1", []), SqlStatement("SELECT %s", [2])])
