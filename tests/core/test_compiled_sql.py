"""Prepared statements say what the querysets say that they were made of."""

from datetime import timedelta

import pytest
from django.db.models import F, IntegerField, Q

from shop.catalog.models import Variant
from shop.core.compiled_sql import CompiledQuery, InParameter, Parameter
from shop.core.statements import run_together
from shop.qa.pytest_plugin.factories import CLOSES, make_product
from shop.sales.models import Sale


@pytest.mark.parametrize("skus", [[], ["MUG-01"], ["LMP-01", "MUG-01", 'O\'Neill "%s"']])
def test_one_statement_takes_lists_of_any_length(sale: Sale, skus: list[str]) -> None:
    rows = Variant.objects.filter(InParameter("sku", "skus")).order_by("sku").values_list("sku")
    found = list(CompiledQuery.select(rows).rows({"skus": skus}))
    assert found == [(sku,) for sku in skus if sku in {"LMP-01", "MUG-01"}]


def test_it_takes_instants_to_the_second(sale: Sale) -> None:
    over = CompiledQuery.select(
        Sale.objects.filter(ends_at__lte=Parameter("now")).values_list("slug")
    )
    assert list(over.rows({"now": CLOSES})) == [("autumn",)]
    assert list(over.rows({"now": CLOSES - timedelta(seconds=1)})) == []


def test_a_change_says_how_many_rows_it_changed(db: None) -> None:
    make_product("MUG-01", stock=3)
    units = Parameter("units", IntegerField())
    free = Q(sku=Parameter("sku"), claimed__lte=F("stock") - units)
    take = CompiledQuery.update(Variant.objects.filter(free), claimed=F("claimed") + units)
    takes = [take.statement({"sku": "MUG-01", "units": more}) for more in (2, 2, 1)]
    assert [taken.count for taken in run_together(takes)] == [1, 0, 1]
    assert Variant.objects.get().claimed == 3


def test_a_value_that_is_not_given_is_no_null(db: None) -> None:
    named = CompiledQuery.select(Variant.objects.filter(sku=Parameter("sku")).values_list("pk"))
    with pytest.raises(KeyError, match="sku"):
        list(named.rows({}))
