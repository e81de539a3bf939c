"""What is struck through: the lowest price that could be paid in the 30 days before the opening."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shop.catalog.models import PricePoint, Product
from shop.sales.apps import work_out_missing_reference_prices
from shop.sales.documents.loader import load_sale
from shop.sales.documents.schema import parse_document
from shop.sales.lifecycle import cancel, publish, unpublish
from shop.sales.models import Deal, Sale
from shop.sales.reference_prices import (
    REFERENCE_PERIOD,
    list_price_changed,
    lowest_price_before,
    set_list_price,
)
from shop.sales.snapshot import DealSnapshot
from shop.sales.snapshot_queries import read_snapshot

pytestmark = pytest.mark.django_db

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
#: When the sale opens whose reference price is asked for.
OPENS = datetime(2026, 11, 27, 11, tzinfo=UTC)


def load(
    slug: str = "autumn",
    *,
    now: datetime,
    opens: datetime = OPENS,
    lasts: timedelta = HOUR,
    price: int = 499,
    list_price: int = 4990,
    stock: int = 100,
    published: bool = True,
    skus: tuple[str, ...] = ("MUG-01",),
) -> Sale:
    """Load a sale of mugs at an instant, as a merchant's document says it."""
    deal = {"name": "Mug", "list_price": list_price, "price": price, "stock": stock}
    document = {
        "slug": slug,
        "starts_at": opens.isoformat(),
        "ends_at": (opens + lasts).isoformat(),
        "published": published,
        "deals": [deal | {"sku": sku} for sku in skus],
    }
    load_sale(parse_document(document), now=now)
    return Sale.objects.get(slug=slug)


def deal_of(slug: str = "autumn", *, at: datetime = OPENS) -> DealSnapshot:
    """The deal as pages and offers have it."""
    return read_snapshot(at).sales[slug].deals[0]


def was(slug: str = "autumn", *, at: datetime = OPENS) -> int:
    return deal_of(slug, at=at).was


def keep_for_sales(*, now: datetime) -> None:
    """Sell the mug in sales alone from an instant on."""
    mug = Product.objects.get(sku="MUG-01")
    mug.sold_at_list_price = False
    mug.save()
    list_price_changed(mug, now=now)


def test_the_list_price_is_struck_through_that_it_was_sold_at() -> None:
    load(now=OPENS - DAY)
    assert was() == 4990
    assert deal_of().was_text == "€49.90"


# --- Seven ways in which it was wrong -----------------------------------------------


def test_each_price_that_a_sale_asked_while_it_ran_counts() -> None:
    opens = OPENS - 5 * DAY
    load("early", now=OPENS - 40 * DAY, opens=opens, lasts=2 * HOUR)
    load("early", now=opens + HOUR, opens=opens, lasts=2 * HOUR, price=2999)
    load(now=OPENS - DAY, price=399)
    assert was() == 499


def test_a_live_sale_that_was_moved_to_a_later_day_counts_with_what_it_asked() -> None:
    load("early", now=OPENS - 40 * DAY, opens=OPENS - 5 * DAY)
    load("early", now=OPENS - 5 * DAY + SECOND, opens=OPENS + 90 * DAY)
    load(now=OPENS - DAY, price=399)
    assert was() == 499


def test_a_product_that_is_sold_in_sales_alone_has_nothing_struck_through() -> None:
    load(now=OPENS - 31 * DAY, published=False)
    keep_for_sales(now=OPENS - 31 * DAY)
    load(now=OPENS - DAY)
    assert was() == 499
    assert deal_of().was_text == ""


def test_a_product_that_is_made_while_the_sale_runs_has_nothing_struck_through() -> None:
    load(now=OPENS - DAY)
    load(now=OPENS + SECOND, skus=("HAT", "MUG-01"))
    assert [deal.was for deal in read_snapshot(OPENS).sales["autumn"].deals] == [499, 4990]


@pytest.mark.parametrize("end", [cancel, unpublish])
def test_a_sale_that_never_opened_counts_for_nothing(end: Callable[..., None]) -> None:
    early = load("early", now=OPENS - 40 * DAY, opens=OPENS - 5 * DAY, price=99)
    load(now=OPENS - 30 * DAY, price=9)
    assert was() == 99, "while it is to open"
    end(early, now=OPENS - 6 * DAY)
    assert was() == 4990


def test_a_sale_that_was_published_once_it_was_over_counts_for_nothing() -> None:
    load("early", now=OPENS - 40 * DAY, opens=OPENS - 5 * DAY, published=False, price=99)
    load("early", now=OPENS - 4 * DAY, opens=OPENS - 5 * DAY, price=99)
    load(now=OPENS - 3 * DAY, price=9)
    assert was() == 4990


def test_a_sale_that_was_hidden_midway_counts_until_then() -> None:
    early = load("early", now=OPENS - 40 * DAY, opens=OPENS - 31 * DAY, lasts=3 * DAY)
    load(now=OPENS - 40 * DAY)
    unpublish(early, now=OPENS - REFERENCE_PERIOD)
    assert was() == 4990


@pytest.mark.parametrize(("until", "struck"), [(timedelta(0), 4990), (SECOND, 499)])
def test_a_deal_that_was_withdrawn_counts_until_then(until: timedelta, struck: int) -> None:
    opens = OPENS - 5 * DAY
    load("early", now=OPENS - 40 * DAY, opens=opens, skus=("HAT", "MUG-01"))
    load("early", now=opens + until, opens=opens, skus=("HAT",))
    load(now=OPENS - DAY, price=399)
    assert was() == struck


def test_a_list_price_that_was_mistyped_while_nobody_could_buy_at_it_counts_for_nothing() -> None:
    load(now=OPENS - 20 * DAY, list_price=5990, published=False)
    keep_for_sales(now=OPENS - 9 * DAY)
    set_list_price(Product.objects.get(), 100, now=OPENS - 8 * DAY)
    set_list_price(Product.objects.get(), 5990, now=OPENS - 8 * DAY + SECOND)
    publish(Sale.objects.get(), now=OPENS - DAY)
    assert was() == 5990


# --- Boundary seconds ---------------------------------------------------------------


@pytest.mark.parametrize(("ended", "struck"), [(timedelta(0), 4990), (SECOND, 1000)])
def test_the_period_begins_thirty_days_before_the_opening(ended: timedelta, struck: int) -> None:
    load(now=OPENS - 40 * DAY, list_price=1000)
    set_list_price(Product.objects.get(), 4990, now=OPENS - 30 * DAY + ended)
    assert was() == struck


@pytest.mark.parametrize(("lowered", "struck"), [(timedelta(0), 4990), (-SECOND, 3990)])
def test_the_period_ends_before_the_opening(lowered: timedelta, struck: int) -> None:
    load(now=OPENS - 40 * DAY)
    set_list_price(Product.objects.get(), 3990, now=OPENS + lowered)
    assert was() == struck


@pytest.mark.parametrize(("closed", "struck"), [(timedelta(0), 4990), (SECOND, 499)])
def test_a_sale_counts_if_its_last_second_is_in_the_period(closed: timedelta, struck: int) -> None:
    closes = OPENS - REFERENCE_PERIOD + closed
    load("early", now=OPENS - 50 * DAY, opens=closes - HOUR)
    load(now=OPENS - DAY, price=399)
    assert was() == struck


def test_a_list_price_of_the_second_in_which_units_were_first_supplied_counts() -> None:
    load(now=OPENS - 20 * DAY, stock=0)
    load(now=OPENS - 10 * DAY, stock=0, list_price=5990)
    assert was() == 499, "nobody could pay it: there was none to buy"
    load(now=OPENS - SECOND, list_price=5990)
    assert was() == 5990


# --- Fixed at the opening -----------------------------------------------------------


def test_until_the_opening_it_follows_each_change() -> None:
    load(now=OPENS - 40 * DAY, price=399)
    assert was() == 4990
    set_list_price(Product.objects.get(), 3990, now=OPENS - 20 * DAY)
    assert was() == 3990
    early = load("early", now=OPENS - 19 * DAY, opens=OPENS - 5 * DAY, list_price=3990, price=599)
    assert was() == 599
    load("early", now=OPENS - 18 * DAY, opens=OPENS - 5 * DAY, list_price=3990, price=699)
    assert was() == 699
    load("early", now=OPENS - 17 * DAY, opens=OPENS + DAY, list_price=3990, price=699)
    assert (was(), was("early")) == (3990, 699)
    publish(early, now=OPENS - SECOND)
    load(now=OPENS - SECOND, opens=OPENS + 2 * DAY, list_price=3990, price=399)
    assert (was(), was("early")) == (699, 3990)


def test_from_the_opening_on_it_is_fixed() -> None:
    load(now=OPENS - 40 * DAY)
    set_list_price(Product.objects.get(), 999, now=OPENS)
    load("next", now=OPENS, opens=OPENS + SECOND, list_price=999, price=99)
    sale = Sale.objects.get(slug="autumn")
    unpublish(sale, now=OPENS + SECOND)
    publish(sale, now=OPENS + 2 * SECOND)
    assert was(at=OPENS + HOUR) == 4990


def test_a_sale_that_was_moved_after_its_opening_has_the_price_that_it_asked() -> None:
    load(now=OPENS - 40 * DAY)
    load(now=OPENS + SECOND, opens=OPENS + DAY)
    assert was() == 499, "nothing is struck through: it cost no more for a second"


def test_a_deal_that_comes_later_has_the_reference_price_of_the_opening() -> None:
    load("other", now=OPENS - 40 * DAY, opens=OPENS + 60 * DAY, skus=("HAT",), list_price=2990)
    load(now=OPENS - 40 * DAY)
    set_list_price(Product.objects.get(sku="HAT"), 1990, now=OPENS + SECOND)
    load(now=OPENS + 2 * SECOND, skus=("HAT", "MUG-01"), list_price=1990)
    assert was() == 2990


def test_a_sale_that_is_published_late_has_the_reference_price_of_its_opening() -> None:
    load(now=OPENS - 40 * DAY, published=False)
    set_list_price(Product.objects.get(), 999, now=OPENS + SECOND)
    publish(Sale.objects.get(), now=OPENS + 2 * SECOND)
    assert was() == 4990


def test_nothing_is_struck_through_that_was_lower() -> None:
    load("early", now=OPENS - 40 * DAY, opens=OPENS - 5 * DAY, price=299)
    load(now=OPENS - DAY)
    deal = deal_of()
    assert (deal.was, deal.was_text, deal.percent_off) == (499, "", 0)


def test_a_price_that_is_lowered_while_the_sale_runs_has_its_reference_price() -> None:
    load(now=OPENS - 40 * DAY, price=4990)
    assert was() == 4990
    load(now=OPENS + SECOND, price=499)
    assert (deal_of().was, deal_of().percent_off) == (4990, 90)


# --- Any number of deals ------------------------------------------------------------


def test_working_them_out_takes_as_many_queries_for_forty_deals_as_for_one() -> None:
    counts = []
    for number in (1, 40):
        skus = tuple(f"P-{number}-{each}" for each in range(number))
        sale = load(f"s-{number}", now=OPENS - 40 * DAY, skus=skus, published=False)
        with CaptureQueriesContext(connection) as queries:
            publish(sale, now=OPENS - DAY)
        counts.append(len(queries))
        assert not Deal.objects.filter(sale=sale).exclude(was=4990).exists()
    assert counts[0] == counts[1]


def test_the_lowest_price_of_the_last_thirty_days_is_told_of_one_product() -> None:
    load(now=OPENS - 10 * DAY, opens=OPENS - 5 * DAY)
    mug = Product.objects.get().pk
    asked = (OPENS - 10 * DAY, OPENS - 6 * DAY, OPENS)
    assert [lowest_price_before(mug, at) for at in asked] == [None, 4990, 499]


# --- From before prices were recorded -------------------------------------------------


def test_what_was_on_show_before_it_was_recorded_counts_for_nothing() -> None:
    load(now=OPENS - 40 * DAY, published=False)
    mug = Product.objects.get()
    mug.price_points.update(could_be_bought=None)
    set_list_price(mug, 5990, now=OPENS - HOUR)
    publish(Sale.objects.get(), now=OPENS - HOUR)
    assert was() == 5990


def test_an_upgrade_records_what_is_true_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    load(now=OPENS - 40 * DAY, skus=("HAT", "MUG-01"))
    Product.objects.filter(sku="HAT").update(sold_at_list_price=False)
    PricePoint.objects.update(could_be_bought=None)
    Deal.objects.update(was=1)
    _upgrade(monkeypatch, at=OPENS - HOUR)
    points = PricePoint.objects.filter(could_be_bought__isnull=False).order_by("product__sku")
    assert list(points.values_list("product__sku", "amount", "could_be_bought", "since")) == [
        ("HAT", 4990, False, OPENS - HOUR),
        ("MUG-01", 4990, True, OPENS - HOUR),
    ]
    assert [deal.was for deal in read_snapshot(OPENS).sales["autumn"].deals] == [499, 4990]


def test_an_upgrade_leaves_alone_what_an_open_sale_has_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load(now=OPENS - 40 * DAY)
    PricePoint.objects.update(could_be_bought=None)
    Deal.objects.update(was=4321)
    _upgrade(monkeypatch, at=OPENS)
    set_list_price(Product.objects.get(), 4000, now=OPENS + SECOND)
    assert was() == 4321


def _upgrade(monkeypatch: pytest.MonkeyPatch, *, at: datetime) -> None:
    """What the migrations do to rows, at an instant, and what follows after ``migrate``."""
    Deal.objects.update(was_as_of=None)
    for app, name, step in (
        ("catalog", "0003_when_list_prices_could_be_bought", "begin_record"),
        ("sales", "0005_deal_was_as_of", "fix_those_of_opened_sales"),
    ):
        migration = import_module(f"shop.{app}.migrations.{name}")
        monkeypatch.setattr(migration.timezone, "now", lambda: at)
        getattr(migration, step)(apps, None)
    work_out_missing_reference_prices()
