"""Which scenarios a sale is rehearsed in."""

from datetime import datetime, timedelta

import pytest

from shop.catalog.models import Product, Variant
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS, add_deal, make_product, make_sale
from shop.qa.rehearsal.boundary_plan import SECOND
from shop.qa.rehearsal.merchant_actions import ActionKind, MerchantAction
from shop.qa.rehearsal.sale_export import sale_document
from shop.qa.rehearsal.scenario import Scenario
from shop.qa.rehearsal.scenarios import UnknownScenario, scenarios_of
from shop.qa.rehearsal.temporary_database import TemporaryDatabase
from shop.sales.models import Deal, Sale

pytestmark = pytest.mark.django_db


def database_of(sale: Sale) -> TemporaryDatabase:
    """The sale as the rehearsal's own database has it, in place of the shop's rows."""
    rows = sale_document(sale)
    Sale.objects.all().delete()
    Variant.objects.all().delete()
    Product.objects.all().delete()
    return TemporaryDatabase(rows)


def usual(*, closes: datetime = CLOSES, hold: timedelta = HOLD) -> TemporaryDatabase:
    """A database with the usual sale."""
    return database_of(make_sale(starts_at=OPENS, ends_at=closes, hold=hold))


def names(database: TemporaryDatabase, *, now: datetime | None = None) -> list[str]:
    return [each.name for each in scenarios_of(database, now=now)]


def actions_of(database: TemporaryDatabase, name: str) -> list[MerchantAction]:
    (scenario,) = scenarios_of(database, only=[name])
    assert isinstance(scenario, Scenario)
    return list(scenario.actions)


@pytest.mark.parametrize("hold", [timedelta(minutes=1), HOLD], ids=["a short", "a long"])
def test_offers_are_extended_while_the_sale_runs_and_after_it_whatever_its_hold(
    hold: timedelta,
) -> None:
    database = usual(hold=hold)
    (during,) = actions_of(database, "extended")
    assert OPENS < during.at < CLOSES - SECOND
    (after,) = actions_of(database, "extended-after-close")
    assert after.at >= CLOSES
    assert after.at >= OPENS + hold


def test_a_recall_from_before_an_instant_spares_later_offers_only_after_ten_minutes() -> None:
    database = usual()
    (settled,) = actions_of(database, "recalled-before")
    assert settled.issued_before is not None
    assert settled.at - settled.issued_before == timedelta(minutes=10, seconds=1)
    (near,) = actions_of(database, "recalled-just-before")
    assert near.issued_before is not None
    assert near.at - near.issued_before < timedelta(minutes=10)


@pytest.mark.parametrize("hold", [timedelta(minutes=1), HOLD], ids=["a short", "a long"])
def test_prices_rise_while_holds_end_and_the_sale_goes_on_whatever_its_hold(
    hold: timedelta,
) -> None:
    shorter, rise = actions_of(usual(hold=hold), "price-rise")
    assert (shorter.kind, shorter.at) == (ActionKind.SHORTER_HOLD, OPENS)
    assert rise.at + timedelta(seconds=shorter.seconds) < CLOSES


def test_offers_since_an_instant_are_recalled_of_one_deal() -> None:
    (since,) = actions_of(usual(), "recalled-since")
    assert since.sku == "MUG-01"
    assert since.issued_from is not None
    assert OPENS < since.issued_from < since.at < CLOSES


def test_one_deal_alone_is_neither_recalled_apart_from_others_nor_sold_in_sizes() -> None:
    sale = make_sale(starts_at=OPENS, ends_at=CLOSES)
    Deal.objects.filter(product__sku="LMP-01").delete()
    found = names(database_of(sale))
    assert "recalled-deal" not in found
    assert "sizes" not in found


def test_a_deal_in_sizes_is_bought_in_two_of_them() -> None:
    sale = make_sale(starts_at=OPENS, ends_at=CLOSES)
    add_deal(sale, make_product("TEE-01", "Organic tee", variants={"S": 1, "M": 4}), 990)
    assert "sizes" in names(database_of(sale))


def test_two_deals_of_one_kind_are_both_tested_so_that_a_recall_of_one_spares_the_other() -> None:
    sale = make_sale(starts_at=OPENS, ends_at=CLOSES)
    Deal.objects.filter(product__sku="LMP-01").delete()
    for number in (2, 3):
        add_deal(sale, make_product(f"MUG-0{number}", "Another mug"), 499, max_per_shopper=2)
    samples = database_of(sale).samples()
    assert [(each.sku, each.stands_for) for each in samples] == [("MUG-01", 2), ("MUG-02", 1)]
    assert [each.is_primary for each in samples] == [True, False]


@pytest.mark.parametrize(("price", "expected"), [(4990, []), (4991, ["MUG-01"])])
def test_a_deal_that_costs_less_outside_the_sale_is_rehearsed_as_if_the_sale_alone_had_it(
    price: int, expected: list[str]
) -> None:
    sale = make_sale(starts_at=OPENS, ends_at=CLOSES)
    Deal.objects.filter(product__sku="MUG-01").update(price=price)
    assert database_of(sale).cheaper_outside == expected
    in_sales_alone = Product.objects.filter(sold_at_list_price=False)
    assert list(in_sales_alone.values_list("sku", flat=True)) == expected


@pytest.mark.parametrize("only", [["matinee"], ["recalled", "matinee"]])
def test_a_scenario_that_the_sale_does_not_have_is_refused_with_the_names_of_all(
    only: list[str],
) -> None:
    with pytest.raises(UnknownScenario, match=r"no scenario matinee\. .*as-configured, early-cl"):
        scenarios_of(usual(), only=only)


def test_of_a_sale_that_is_over_extensions_and_recalls_are_left_and_are_made_from_now_on() -> None:
    database, now = usual(), CLOSES + timedelta(minutes=1)
    found = scenarios_of(database, now=now)
    assert [each.name for each in found] == [
        "as-configured",
        "extended-after-close",
        "recalled",
        "recalled-deal",
    ]
    made = [action for each in found if isinstance(each, Scenario) for action in each.actions]
    assert {action.kind for action in made} == {ActionKind.EXTENSION, ActionKind.RECALL}
    assert all(action.at > now for action in made)


def test_a_sale_is_over_from_the_second_of_its_close() -> None:
    assert "limits" in names(usual(), now=CLOSES - SECOND)


def test_from_the_second_of_its_close_nothing_is_sold_any_more() -> None:
    assert "limits" not in names(usual(), now=CLOSES)
