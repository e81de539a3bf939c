"""Evidence: what was promised can be read and checked afterwards, also when its key is gone."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from shop.orders.links import order_path
from shop.orders.models import Order, OrderLine
from shop.qa.pytest_plugin.client import HtmlPage, ShopClient
from shop.qa.pytest_plugin.factories import HOLD, OPENS, make_sale, new_key
from shop.sales.holds import extend
from shop.sales.models import Sale
from tests.support.fixtures import Card, Clock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(buyer: ShopClient, card: Card, clock: Clock) -> Order:
    """A mug that was held until 12:30, ordered at 12:29."""
    clock.move_to(OPENS + HOLD - timedelta(minutes=1))
    assert buyer.order(card()).order_status == "paid"
    return Order.objects.get()


def evidence(shopper: ShopClient, order: Order) -> HtmlPage:
    return shopper.open(f"{order_path(order)}offers/")


def checks(page: HtmlPage) -> list[str]:
    return [str(each["data-check"]) for each in page.soup.select("[data-check]")]


def test_it_says_the_promise_its_end_and_that_it_is_ours(buyer: ShopClient, order: Order) -> None:
    page = evidence(buyer, order)
    assert checks(page) == ["good"]
    assert "You were promised €4.99 until 12:30, Berlin time." in page.text
    assert "You ordered at 12:29, Berlin time, before that, at that price." in page.text
    assert "The signature is ours." in page.text
    assert OrderLine.objects.get().offer in page.text


def test_the_order_page_and_the_receipt_lead_there(buyer: ShopClient, order: Order) -> None:
    page = buyer.open(order_path(order))
    assert page.one("a[href='offers/']")
    assert f"{order_path(order)}offers/" in str(mail.outbox[0].body)


def test_a_price_that_was_shown_in_the_second_of_two_equal_hours_says_so(
    shopper: ShopClient, card: Card, clock: Clock
) -> None:
    put_back = datetime(2027, 10, 31, 1, tzinfo=UTC)
    clock.move_to(put_back + timedelta(minutes=20))
    make_sale(starts_at=put_back, ends_at=put_back + timedelta(hours=1))
    shopper.add(shopper.offer())
    assert shopper.order(card()).order_status == "paid"
    assert "Shown at 02:20 (UTC+1), Berlin time" in evidence(shopper, Order.objects.get()).text


def test_an_extension_that_the_order_needed_is_told(
    buyer: ShopClient, card: Card, sale: Sale, clock: Clock
) -> None:
    clock.move_to(OPENS + timedelta(minutes=1))
    extend(sale=sale, seconds=600, by=None, now=OPENS + timedelta(minutes=1))
    clock.move_to(OPENS + HOLD + timedelta(minutes=5))
    assert buyer.order(card()).order_status == "paid"
    page = evidence(buyer, Order.objects.get())
    assert "until 12:30, Berlin time. The shop then held it until 12:40, Berlin time." in page.text
    assert "You ordered at 12:35, Berlin time, before that" in page.text


def test_an_extension_of_afterwards_is_not(buyer: ShopClient, order: Order, sale: Sale) -> None:
    extend(sale=sale, seconds=600, by=None, now=OPENS + HOLD)
    assert "The shop then held it" not in evidence(buyer, order).text


def test_a_voided_key_is_said_to_be_gone(buyer: ShopClient, order: Order, settings: Any) -> None:
    settings.OFFER_KEYS = json.dumps({"keys": [new_key("another")]})
    page = evidence(buyer, order)
    assert checks(page) == ["retired"]
    assert "The key has been retired since; we can no longer check it here" in page.text
    assert "You were promised €4.99 until 12:30" in page.text
    assert "The signature is ours" not in page.text


def test_a_retiring_key_still_checks_it(buyer: ShopClient, order: Order, settings: Any) -> None:
    [old] = json.loads(settings.OFFER_KEYS)["keys"]
    keys = [old | {"status": "retiring"}, new_key("another")]
    settings.OFFER_KEYS = json.dumps({"keys": keys})
    assert checks(evidence(buyer, order)) == ["good"]


@pytest.mark.parametrize("message", ["…", "a.b.c", ""])
def test_a_message_that_is_none_is_not_ours(buyer: ShopClient, order: Order, message: str) -> None:
    OrderLine.objects.update(offer=message)
    page = evidence(buyer, order)
    assert checks(page) == ["bad"]
    assert "The signature is not good." in page.text


def test_an_altered_message_is_not_ours(buyer: ShopClient, order: Order) -> None:
    header, payload, signature = OrderLine.objects.get().offer.split(".")
    other = "A" if signature[0] != "A" else "B"
    OrderLine.objects.update(offer=f"{header}.{payload}.{other}{signature[1:]}")
    assert checks(evidence(buyer, order)) == ["bad"]


def test_another_price_than_was_promised_would_show(buyer: ShopClient, order: Order) -> None:
    OrderLine.objects.update(amount=599)
    assert "before that, at €5.99." in evidence(buyer, order).text


def test_it_is_kept_out_of_caches_and_searches(buyer: ShopClient, order: Order) -> None:
    answer = buyer.client.get(f"{order_path(order)}offers/")
    assert "no-store" in answer["Cache-Control"]
    assert "noindex" in answer["X-Robots-Tag"]
    assert buyer.open("/orders/nonsense/offers/").status == 404
