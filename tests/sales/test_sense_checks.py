"""Sense checks: what is allowed, and yet probably a slip."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.catalog.models import Product, StockMovement, Variant
from shop.catalog.stock import move_stock
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS, add_deal, make_product
from shop.sales.audit import record
from shop.sales.lifecycle import publish
from shop.sales.models import Change, Deal, Sale
from shop.sales.sense_checks import (
    DealFacts,
    OtherDeal,
    SaleFacts,
    SenseCheck,
    warnings,
)
from shop.sales.sense_facts import acknowledge, check_sale, check_sales
from shop.sales.sense_rules import findings
from shop.staff.models import Staff

BERLIN = ZoneInfo("Europe/Berlin")
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
#: A day before the sale of these tests opens.
EVE = OPENS - DAY

MUG = DealFacts(
    product=1,
    sku="MUG-01",
    name="Stoneware mug",
    currency="EUR",
    list_price=4990,
    price=499,
    was=4990,
    allocation=None,
    claimed=0,
    limit=2,
    stock=100,
    left=100,
)
AUTUMN = SaleFacts(
    zone=BERLIN, starts_at=OPENS, ends_at=CLOSES, hold=HOLD, is_published=False, deals=(MUG,)
)
WINTER = OtherDeal(
    sale="Winter",
    is_draft=False,
    price=599,
    starts_at=OPENS,
    ends_at=CLOSES,
    zone=BERLIN,
    set_aside=0,
)


def codes(facts: SaleFacts, now: datetime = EVE) -> set[str]:
    return {each.check.value for each in findings(facts, now)}


def found(facts: SaleFacts, check: str, now: datetime = EVE) -> str:
    """The sentence of a check."""
    return next(each.text for each in findings(facts, now) if each.check == check)


def lasting(window: timedelta, **changes: Any) -> SaleFacts:
    return replace(AUTUMN, ends_at=OPENS + window, **changes)


def with_mug(**changes: Any) -> SaleFacts:
    return replace(AUTUMN, deals=(replace(MUG, **changes),))


def test_an_ordinary_sale_makes_sense() -> None:
    assert findings(AUTUMN, EVE) == ()


# --- The sale -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (OPENS - 365 * DAY - SECOND, {"opens_far"}),
        (OPENS - 365 * DAY, set()),
        (OPENS - 10 * MINUTE - SECOND, set()),
        (OPENS - 10 * MINUTE, {"opens_soon"}),
        (OPENS - SECOND, {"opens_soon"}),
        (OPENS, {"opens_at_once"}),
        (CLOSES - SECOND, {"opens_at_once"}),
        (CLOSES, {"over"}),
    ],
)
def test_a_draft_is_judged_by_when_it_opens(now: datetime, expected: set[str]) -> None:
    assert codes(AUTUMN, now) == expected


@pytest.mark.parametrize("now", [OPENS - 400 * DAY, OPENS - MINUTE, OPENS])
def test_a_published_sale_is_not_warned_of_its_opening(now: datetime) -> None:
    assert codes(replace(AUTUMN, is_published=True), now) == set()


def test_a_sale_years_away_is_told_with_its_year() -> None:
    told = found(AUTUMN, "opens_far", OPENS - 730 * DAY)
    assert told.startswith("It opens in 730 days, on Friday, 27 November 2026, 12:00:00")


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (MINUTE - SECOND, "short_window"),
        (MINUTE, "odd_length"),
        (5 * MINUTE - SECOND, "odd_length"),
        (5 * MINUTE, ""),
        (5 * MINUTE + SECOND, "odd_length"),
        (14 * DAY, ""),
        (14 * DAY + SECOND, "long_window"),
    ],
)
def test_a_window_is_judged_by_its_length(window: timedelta, expected: str) -> None:
    assert codes(lasting(window)) == ({expected} if expected else set())


def test_an_odd_length_is_told_to_the_second() -> None:
    told = found(lasting(15 * MINUTE - SECOND), "odd_length")
    assert "open for 14 minutes 59 seconds" in told
    assert "the one before 12:14:59" in told


@pytest.mark.parametrize(
    ("lasts", "told"),
    [
        (12 * 60 * MINUTE - MINUTE, "closes at 23:59:00, and not with the hour: the last minute"),
        (12 * 60 * MINUTE - SECOND, "closes at 23:59:59, and not with the hour: the last second"),
    ],
)
def test_a_sale_that_misses_the_last_minute_of_its_day_is_told(lasts: timedelta, told: str) -> None:
    sentence = found(lasting(lasts), "a_minute_short")
    assert told in sentence
    assert "write 2026-11-28 00:00" in sentence
    assert codes(lasting(12 * 60 * MINUTE)) == set()


@pytest.mark.parametrize(
    ("hour", "is_told"), [(0, False), (1, True), (5, True), (6, False), (12, False)]
)
def test_a_sale_that_opens_at_night_is_asked_about(hour: int, is_told: bool) -> None:
    starts_at = datetime(2026, 11, 28, hour, tzinfo=BERLIN).astimezone(UTC)
    facts = replace(AUTUMN, starts_at=starts_at, ends_at=starts_at + 15 * MINUTE)
    assert ("opens_at_night" in codes(facts)) == is_told


@pytest.mark.parametrize(
    ("hold", "expected"),
    [
        (5 * MINUTE - SECOND, {"short_hold"}),
        (5 * MINUTE, set()),
        (DAY, set()),
        (DAY + SECOND, {"long_hold"}),
    ],
)
def test_a_hold_is_judged_by_its_length(hold: timedelta, expected: set[str]) -> None:
    assert codes(replace(AUTUMN, hold=hold)) == expected


def test_a_long_hold_says_until_when_people_buy() -> None:
    told = found(replace(AUTUMN, hold=3 * DAY), "long_hold")
    assert told.startswith("Prices are held for 3 days: ")
    assert told.endswith("buys at them until Monday, 30 November, 12:15, Berlin time.")


def test_a_sale_without_deals_is_told() -> None:
    assert codes(replace(AUTUMN, deals=())) == {"no_deals"}


def test_two_currencies_in_a_sale_are_told() -> None:
    hat = replace(MUG, sku="HAT", currency="JPY")
    assert "in EUR and JPY" in found(replace(AUTUMN, deals=(MUG, hat)), "two_currencies")


def test_what_is_not_written_yet_is_not_judged() -> None:
    nothing = replace(AUTUMN, starts_at=None, ends_at=None, hold=None, deals=())
    assert codes(nothing) == {"no_deals"}
    assert codes(with_mug(price=None, limit=None)) == set()


# --- A deal ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "was", "expected"),
    [
        (4991, 4990, {"above_list_price"}),
        (4990, 4990, {"not_reduced"}),
        (4989, 4990, set()),
        (3990, 3990, {"not_reduced"}),
        (3989, 3990, set()),
        (499, 4990, set()),
        (498, 4990, {"deep_reduction"}),
        (1, 4990, {"deep_reduction"}),
    ],
)
def test_a_price_is_judged_by_the_list_price_and_the_reference_price(
    price: int, was: int, expected: set[str]
) -> None:
    assert codes(with_mug(price=price, was=was)) == expected


def test_a_deep_reduction_is_told_in_figures() -> None:
    told = found(with_mug(price=249), "deep_reduction")
    assert told == "Stoneware mug: €2.49 is 95% below the list price of €49.90."


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"allocation": 500, "stock": 20, "left": 20}, {"over_allocated"}),
        ({"allocation": 21, "stock": 20, "left": 20}, {"over_allocated"}),
        ({"allocation": 20, "stock": 20, "left": 20}, set()),
        # What the deal itself has sold is neither to be set aside nor in stock any more.
        ({"allocation": 20, "claimed": 5, "stock": 20, "left": 15}, set()),
        # Another sale has sold some of it.
        ({"allocation": 20, "claimed": 5, "stock": 20, "left": 14}, {"over_allocated"}),
        ({"stock": 0, "left": 0}, {"nothing_in_stock"}),
        ({"allocation": 0}, {"nothing_in_stock"}),
        # Sold out, which is well.
        ({"claimed": 100, "left": 0}, set()),
        ({"limit": 100}, set()),
        ({"limit": 101}, {"limit_above_stock"}),
        ({"limit": 21, "allocation": 20}, {"limit_above_stock"}),
        ({"raised": 80}, set()),
        ({"raised": 80, "allocation": 20}, {"raised_in_vain"}),
        ({"raised": 80, "allocation": 100}, set()),
    ],
)
def test_units_are_judged_by_what_there_is(changes: dict[str, int], expected: set[str]) -> None:
    assert codes(with_mug(**changes)) == expected


def test_one_deal_of_several_without_stock_is_named() -> None:
    empty = replace(MUG, sku="HAT", name="Hat", stock=0, left=0)
    facts = replace(AUTUMN, deals=(MUG, empty))
    assert found(facts, "no_stock") == "Hat: nothing is in stock: it is shown as sold out."
    assert codes(facts) == {"no_stock"}


def test_two_prices_of_a_product_at_once_are_told() -> None:
    told = found(with_mug(others=(WINTER,)), "two_prices")
    assert "Stoneware mug is in Winter too, on Friday, 27 November until 12:15" in told
    assert "at €5.99, and here at €4.99." in told
    assert codes(with_mug(others=(replace(WINTER, price=499),))) == set()


def test_what_two_sales_set_aside_of_one_stock_is_added() -> None:
    other = replace(WINTER, price=499, set_aside=31)
    assert codes(with_mug(allocation=70, others=(other,))) == {"set_aside_twice"}
    assert codes(with_mug(allocation=69, others=(other,))) == set()
    assert codes(with_mug(allocation=70, others=(replace(other, is_draft=True),))) == set()


def test_every_check_concerns_a_field_and_is_tried_here() -> None:
    assert all(each.field for each in SenseCheck)
    assert {each for each in SenseCheck if each.is_warning} >= {
        SenseCheck.NO_DEALS,
        SenseCheck.OVER,
        SenseCheck.OVER_ALLOCATED,
        SenseCheck.DEEP_REDUCTION,
        SenseCheck.TWO_PRICES,
        SenseCheck.RAISED_IN_VAIN,
    }


_units = st.integers(0, 60)
_deals = st.builds(
    DealFacts,
    product=st.just(1),
    sku=st.sampled_from(["MUG-01", "HAT"]),
    name=st.just("Mug"),
    currency=st.sampled_from(["EUR", "JPY"]),
    list_price=st.integers(1, 10_000),
    price=st.none() | st.integers(1, 12_000),
    was=st.integers(1, 10_000),
    allocation=st.none() | _units,
    claimed=_units,
    limit=st.none() | st.integers(1, 60),
    stock=_units,
    left=_units,
    raised=_units,
    others=st.just(()) | st.just((WINTER,)),
)
_instants = st.none() | st.integers(-20 * 365, 900 * 365).map(lambda days: OPENS + days * DAY)
_sales = st.builds(
    SaleFacts,
    zone=st.just(BERLIN),
    starts_at=_instants,
    ends_at=_instants,
    hold=st.none() | st.timedeltas(SECOND, 30 * DAY),
    is_published=st.booleans(),
    deals=st.lists(_deals, max_size=3).map(tuple),
)


@given(_sales)
def test_no_sale_is_too_odd_to_be_judged(facts: SaleFacts) -> None:
    for each in findings(facts, EVE):
        assert each.text.endswith((".", "?"))
        assert each.text[0].isupper()
    assert list(warnings(findings(facts, EVE))) == [
        each for each in findings(facts, EVE) if each.is_warning
    ]


# --- What rows say --------------------------------------------------------------


@pytest.fixture
def clerk(db: None) -> Staff:
    return Staff.objects.create_user("clerk", is_staff=True)


def checks_of(sale: Sale, now: datetime = OPENS) -> set[str]:
    return {each.check.value for each in check_sale(sale, now).findings}


def second_sale(product: Product, price: int, **fields: Any) -> Sale:
    window = {"starts_at": CLOSES - MINUTE, "ends_at": CLOSES + 14 * MINUTE}
    sale = Sale.objects.create(**({"slug": "winter", "title": "Winter"} | window | fields))
    add_deal(sale, product, price)
    return sale


def test_the_sale_of_most_tests_makes_sense(sale: Sale) -> None:
    assert checks_of(sale) == set()


def test_withdrawn_deals_do_not_count(sale: Sale) -> None:
    sale.deals.update(withdrawn=True)
    assert checks_of(sale) == {"no_deals"}


@pytest.mark.parametrize(
    ("window", "is_told"),
    [
        ({}, True),
        ({"starts_at": CLOSES}, False),
        ({"starts_at": OPENS - 30 * MINUTE, "ends_at": OPENS}, False),
        ({"starts_at": OPENS - 30 * MINUTE, "ends_at": OPENS + SECOND}, True),
    ],
)
def test_sales_overlap_where_both_are_open(
    sale: Sale, window: dict[str, datetime], is_told: bool
) -> None:
    winter = second_sale(sale.deals.all()[0].product, 599, **window)
    publish(winter, now=OPENS)
    assert ("two_prices" in checks_of(sale, OPENS - MINUTE)) == is_told


def test_a_published_sale_is_not_held_against_drafts_or_canceled_sales(sale: Sale) -> None:
    winter = second_sale(sale.deals.all()[0].product, 599)
    assert "two_prices" not in checks_of(sale)
    assert "two_prices" in checks_of(winter)
    Sale.objects.filter(pk=winter.pk).update(state=Sale.State.CANCELED)
    assert "two_prices" not in checks_of(sale)


@pytest.mark.parametrize(
    ("moved", "decided", "is_told"),
    [
        (SECOND, None, True),
        (timedelta(), None, False),
        (2 * SECOND, SECOND, True),
        (SECOND, SECOND, False),
        (SECOND, 2 * SECOND, False),
    ],
)
def test_stock_that_came_in_after_the_allocation_was_decided_is_told(
    sale: Sale, moved: timedelta, decided: timedelta | None, is_told: bool
) -> None:
    lamp = sale.deals.get(product__sku="LMP-01")
    if decided is not None:
        at = OPENS + decided
        record(sale=sale, deal=lamp, field="allocation", before=40, after=50, now=at, by=None)
    supplied = StockMovement.Reason.SUPPLIED
    move_stock(Variant.objects.get(sku="LMP-01"), 80, reason=supplied, now=OPENS + moved)
    assert ("raised_in_vain" in checks_of(sale)) == is_told


def test_an_acknowledged_warning_is_unread_again_when_its_figures_change(
    sale: Sale, clerk: Staff
) -> None:
    sale.deals.filter(product__sku="LMP-01").update(allocation=500)
    acknowledge(sale, check_sale(sale, OPENS).unread, now=OPENS, by=clerk)
    checked = check_sale(sale, OPENS)
    assert [each.check for each in checked.findings] == ["over_allocated"]
    assert checked.unread == ()
    assert Change.objects.get(field="warning").made_by == clerk
    sale.deals.filter(product__sku="LMP-01").update(allocation=501)
    assert len(check_sale(sale, OPENS).unread) == 1


def test_many_sales_are_checked_in_as_many_queries_as_one(
    sale: Sale, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for number in range(5):
        draft = second_sale(make_product(f"HAT-{number}"), 599, slug=f"winter-{number}")
        add_deal(draft, Product.objects.get(sku="MUG-01"), 599 + number)
    Deal.objects.update(allocation=5)
    move_stock(
        Variant.objects.get(sku="MUG-01"), 5, reason=StockMovement.Reason.SUPPLIED, now=CLOSES
    )
    sales = list(Sale.objects.all())
    with django_assert_max_num_queries(12):
        assert len(check_sales(sales, OPENS)) == 6
