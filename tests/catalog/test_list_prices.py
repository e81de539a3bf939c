"""List prices over time, and the lowest of a period."""

from datetime import UTC, datetime, timedelta

import pytest

from shop.catalog.list_prices import lowest_list_price, record_list_price, set_list_price
from shop.catalog.models import Product
from shop.qa.pytest_plugin.factories import make_product
from tests.support.fixtures import Clock

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def mug(clock: Clock) -> Product:
    """At €49.90 since noon of the first day."""
    clock.move_to(NOON)
    return make_product(list_price=4990)


def history(product: Product) -> list[tuple[int, datetime]]:
    return list(product.price_points.values_list("amount", "since"))


def test_a_new_list_price_holds_from_now_on(mug: Product) -> None:
    set_list_price(mug, 3990, now=NOON + DAY)
    mug.refresh_from_db()
    assert mug.list_price == 3990
    assert history(mug) == [(4990, NOON), (3990, NOON + DAY)]


def test_the_same_list_price_again_is_no_change(mug: Product) -> None:
    set_list_price(mug, 4990, now=NOON + DAY)
    record_list_price(mug, now=NOON + 2 * DAY)
    assert history(mug) == [(4990, NOON)]


def test_the_lowest_price_counts_what_was_in_force_when_the_period_began(mug: Product) -> None:
    set_list_price(mug, 5990, now=NOON + 10 * DAY)
    assert lowest_list_price(mug, since=NOON + DAY, until=NOON + 20 * DAY) == 4990


def test_the_lowest_price_does_not_count_what_had_ended_before(mug: Product) -> None:
    set_list_price(mug, 5990, now=NOON + 10 * DAY)
    assert lowest_list_price(mug, since=NOON + 10 * DAY, until=NOON + 20 * DAY) == 5990


def test_the_lowest_price_counts_one_that_held_for_a_day_alone(mug: Product) -> None:
    set_list_price(mug, 2990, now=NOON + 10 * DAY)
    set_list_price(mug, 5990, now=NOON + 11 * DAY)
    assert lowest_list_price(mug, since=NOON + DAY, until=NOON + 30 * DAY) == 2990


def test_a_price_that_starts_with_the_sale_is_not_one_from_before_it(mug: Product) -> None:
    set_list_price(mug, 2990, now=NOON + 30 * DAY)
    assert lowest_list_price(mug, since=NOON, until=NOON + 30 * DAY) == 4990


def test_a_product_that_is_younger_than_the_period_has_the_price_it_has(mug: Product) -> None:
    assert lowest_list_price(mug, since=NOON - 60 * DAY, until=NOON - 30 * DAY) == 4990
