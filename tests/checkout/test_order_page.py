"""The order's page: who may see what, the bank, the lapse, and Stripe asked before it renders."""

import pytest
import requests
from bs4 import BeautifulSoup
from stripe import StripeClient

from shop.orders.models import Order
from shop.qa.pytest_plugin.client import ShopClient
from tests.support.fixtures import Card

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_order_page_hands_over_to_a_bank_that_asks(buyer: ShopClient, card: Card) -> None:
    page = buyer.order(card("pm_card_threeDSecure2Required"))
    assert page.status == 303
    assert page.order_status == "requires_action"
    assert page.one("[data-next-action]")


def test_coming_back_from_the_bank_the_page_asks_stripe_and_believes_nothing_else(
    buyer: ShopClient, card: Card
) -> None:
    page = buyer.order(card("pm_card_threeDSecure2Required"))
    lie = f"{page.path}?payment_intent=pi_1&redirect_status=succeeded"
    back = buyer.open(lie)
    assert back.path == page.path
    assert back.order_status == "requires_action"


def test_an_order_is_paid_once_the_bank_has_agreed(
    buyer: ShopClient, card: Card, stripe_api: StripeClient
) -> None:
    page = buyer.order(card("pm_card_threeDSecure2Required"))
    intent = stripe_api.v1.payment_intents.retrieve(Order.objects.get().payment_intent)
    assert intent.next_action is not None
    assert intent.next_action.redirect_to_url is not None
    bank = str(intent.next_action.redirect_to_url.url)
    form = BeautifulSoup(requests.get(bank, timeout=5).text, "html.parser")
    hidden = {str(each["name"]): str(each["value"]) for each in form.select("input[type=hidden]")}
    requests.post(bank, {**hidden, "decision": "approve"}, allow_redirects=False, timeout=5)
    assert buyer.open(page.path).order_status == "paid"
    assert buyer.bag().lines == {}


def test_the_whole_address_shows_only_to_the_browser_that_ordered(
    buyer: ShopClient, another_shopper: ShopClient, card: Card
) -> None:
    page = buyer.order(card())
    assert "12 St James" in page.text
    elsewhere = another_shopper.open(page.path)
    assert elsewhere.order_status == "paid"
    assert "12 St James" not in elsewhere.text
    assert "ada@example.org" not in elsewhere.text


def test_no_cache_search_or_referer_keeps_an_order_page(buyer: ShopClient, card: Card) -> None:
    page = buyer.order(card())
    answer = buyer.client.get(page.path)
    assert "no-store" in answer["Cache-Control"]
    assert "noindex" in answer["X-Robots-Tag"]
    assert answer["Referrer-Policy"] == "no-referrer"


def test_an_order_link_that_was_altered_opens_nothing(buyer: ShopClient, card: Card) -> None:
    path = buyer.order(card()).path
    assert buyer.open(path[:-2] + ("A/" if path[-2] != "A" else "B/")).status == 404


def test_an_unpaid_order_can_be_given_up_by_its_shopper(buyer: ShopClient, card: Card) -> None:
    buyer.order(card("pm_card_threeDSecure2Required"))
    order = Order.objects.get()
    path = buyer.open(f"/orders/mine/{order.number}/").path
    page = buyer.send(f"{path}cancel/", {})
    assert page.order_status == "canceled"
    assert buyer.bag().verdicts == []
    assert buyer.order(card()).order_status == "paid"


def test_only_its_shopper_cancels_it(
    buyer: ShopClient, another_shopper: ShopClient, card: Card
) -> None:
    path = buyer.order(card("pm_card_threeDSecure2Required")).path
    assert another_shopper.send(f"{path}cancel/", {}).status == 404
    assert Order.objects.get().status == "requires_action"


def test_only_pages_that_pay_allow_stripes_scripts(buyer: ShopClient, stripe_base: str) -> None:
    assert stripe_base in buyer.client.get("/checkout/")["Content-Security-Policy"]
    assert stripe_base not in buyer.client.get("/bag/")["Content-Security-Policy"]
