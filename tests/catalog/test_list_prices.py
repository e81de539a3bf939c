"""The record of list prices: what each was, from when on, and whether it could be bought."""

from datetime import UTC, datetime, timedelta

import pytest

from shop.catalog.list_prices import record_list_price
from shop.catalog.models import Product, StockMovement
from shop.catalog.stock import move_stock
from shop.qa.pytest_plugin.factories import make_product
from shop.sales.reference_prices import set_list_price
from tests.support.fixtures import Clock

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def mug(clock: Clock) -> Product:
    """At €49.90 since noon of the first day."""
    clock.move_to(NOON)
    return make_product(list_price=4990, on_show_for=timedelta(0))


def history(product: Product) -> list[tuple[int, bool | None, datetime]]:
    return list(product.price_points.values_list("amount", "could_be_bought", "since"))


def test_a_new_list_price_holds_from_now_on(mug: Product) -> None:
    set_list_price(mug, 3990, now=NOON + DAY)
    mug.refresh_from_db()
    assert mug.list_price == 3990
    assert history(mug) == [(4990, True, NOON), (3990, True, NOON + DAY)]


def test_the_same_list_price_again_is_no_change(mug: Product) -> None:
    set_list_price(mug, 4990, now=NOON + DAY)
    assert not record_list_price(mug, now=NOON + 2 * DAY)
    assert history(mug) == [(4990, True, NOON)]


def test_a_product_that_is_kept_for_sales_has_a_list_price_that_nobody_can_pay(
    mug: Product,
) -> None:
    Product.objects.update(sold_at_list_price=False)
    assert record_list_price(mug, now=NOON + DAY), "whatever an older instance says"
    assert history(mug) == [(4990, True, NOON), (4990, False, NOON + DAY)]


def test_a_product_can_be_bought_once_some_of_it_was_supplied(clock: Clock) -> None:
    clock.move_to(NOON)
    mug = make_product(stock=0, on_show_for=timedelta(0))
    move_stock(mug.variants.get(), 5, reason=StockMovement.Reason.SUPPLIED, now=NOON + DAY)
    record_list_price(mug, now=NOON + DAY)
    assert history(mug) == [(4990, False, NOON), (4990, True, NOON + DAY)]


def test_a_product_that_orders_have_emptied_stays_on_show_at_its_price(mug: Product) -> None:
    mug.variants.update(claimed=100)
    assert not record_list_price(mug, now=NOON + DAY)
