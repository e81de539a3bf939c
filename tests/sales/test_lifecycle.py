"""Publishing, hiding and canceling a sale, and the reference prices that are fixed by it."""

from datetime import timedelta

import pytest

from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import CLOSES, OPENS, add_deal, make_product, make_sale
from shop.sales.lifecycle import SaleCanceled, cancel, publish, unpublish
from shop.sales.models import Deal, Sale
from shop.sales.reference_prices import set_list_price
from shop.sales.showcase import showcase
from tests.support.factories import refreshed
from tests.support.fixtures import Clock

DAY = timedelta(days=1)


def was(sale: Sale, sku: str = "MUG-01") -> int | None:
    return Deal.objects.get(sale=sale, product__sku=sku).was


def test_the_reference_price_is_the_list_price(sale: Sale) -> None:
    assert was(sale) == 4990


def test_a_list_price_raised_before_the_sale_does_not_raise_the_reference_price(
    db: None, clock: Clock
) -> None:
    clock.move_to(OPENS - 60 * DAY)
    hat = make_product("HAT", list_price=1000)
    set_list_price(hat, 9000, now=OPENS - DAY)
    clock.move_to(OPENS)
    sale = make_sale(starts_at=OPENS, ends_at=CLOSES)
    add_deal(sale, hat, 900)
    assert was(sale, "HAT") == 1000


def test_a_list_price_raised_long_before_the_sale_does(db: None, clock: Clock) -> None:
    clock.move_to(OPENS - 60 * DAY)
    hat = make_product("HAT", list_price=1000)
    set_list_price(hat, 9000, now=OPENS - 30 * DAY)
    clock.move_to(OPENS)
    sale = make_sale(starts_at=OPENS, ends_at=CLOSES)
    add_deal(sale, hat, 900)
    assert was(sale, "HAT") == 9000


def test_the_price_of_a_sale_of_the_last_thirty_days_is_the_reference_price(sale: Sale) -> None:
    mug = Deal.objects.get(sale=sale, product__sku="MUG-01").product
    for slug, days, reference in (("soon", 29, 499), ("later", 31, 4990)):
        starts_at = OPENS + timedelta(days=days)
        after = Sale.objects.create(
            slug=slug, title=slug, starts_at=starts_at, ends_at=starts_at + DAY
        )
        deal = Deal.objects.create(sale=after, product=mug, price=399)
        publish(after, now=OPENS)
        assert refreshed(deal).was == reference
        # So that it is none of the next one's.
        after.published_at, after.state = None, Sale.State.DRAFT
        after.save()


def test_the_reference_price_is_fixed_at_publication(sale: Sale) -> None:
    mug = Deal.objects.get(sale=sale, product__sku="MUG-01").product
    set_list_price(mug, 3990, now=CLOSES)
    publish(sale, now=CLOSES)
    assert was(sale) == 4990


def test_a_deal_that_came_later_gets_its_reference_price_by_publishing_again(sale: Sale) -> None:
    deal = Deal.objects.create(sale=sale, product=make_product("HAT", list_price=1000), price=1)
    publish(sale, now=CLOSES)
    deal.refresh_from_db()
    assert (deal.was, refreshed(sale).published_at) == (1000, OPENS)


def test_a_hidden_sale_shows_nothing_and_honors_its_offers(sale: Sale, shopper: ShopClient) -> None:
    message = shopper.offer()
    nonce = sale.nonce
    unpublish(sale, now=OPENS)
    showcase.clear()
    assert shopper.open("/sales/autumn/").status == 404
    assert shopper.add(message).status == 303
    sale.refresh_from_db()
    assert (sale.state, sale.published_at, sale.nonce) == (Sale.State.DRAFT, OPENS, nonce)


def test_a_hidden_sale_is_shown_again(sale: Sale, shopper: ShopClient) -> None:
    unpublish(sale, now=OPENS)
    publish(sale, now=CLOSES)
    assert shopper.offer()


def test_a_canceled_sale_is_hidden_and_honors_its_offers(sale: Sale, shopper: ShopClient) -> None:
    message = shopper.offer()
    cancel(sale, now=OPENS)
    showcase.clear()
    assert shopper.open("/sales/autumn/").status == 404
    assert shopper.add(message).status == 303


def test_a_canceled_sale_stays_canceled(sale: Sale) -> None:
    # As someone sees it who has not heard yet.
    stale = Sale.objects.get(pk=sale.pk)
    cancel(sale, now=OPENS)
    with pytest.raises(SaleCanceled):
        publish(stale, now=OPENS)
    with pytest.raises(SaleCanceled):
        unpublish(Sale.objects.get(pk=sale.pk), now=OPENS)
    assert refreshed(sale).state == Sale.State.CANCELED


def test_publishing_writes_nothing_but_the_state(sale: Sale) -> None:
    stale = Sale.objects.get(pk=sale.pk)
    Sale.objects.filter(pk=sale.pk).update(title="Renamed meanwhile", nonce="n" * 22)
    publish(stale, now=OPENS)
    assert (refreshed(sale).title, sale.nonce) == ("Renamed meanwhile", "n" * 22)
