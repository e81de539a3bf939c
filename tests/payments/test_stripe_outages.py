"""While Stripe is away nobody can buy: that is noted as the shop's own outages are."""

import pytest
import stripe as stripe_library

from shop.orders.models import Order
from shop.payments.stripe_outages import note_failure, stripe_outages
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import OPENS
from shop.qa.pytest_plugin.stripe import CONFIRM, Stripe
from tests.support.fixtures import Card

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "GET /v1/confirmation_tokens/*"


@pytest.mark.parametrize("route", [TOKEN, CONFIRM])
def test_a_payment_that_stripe_does_not_answer_begins_an_outage(
    buyer: ShopClient, card: Card, stripe: Stripe, route: str
) -> None:
    token = card()
    stripe.fault(route, "error_500_before")
    buyer.order(token)
    assert stripe_outages._began == OPENS
    assert not Order.objects.filter(status="paid").exists()


def test_a_declined_card_is_no_outage(buyer: ShopClient, card: Card) -> None:
    buyer.order(card("pm_card_visa_chargeDeclined"))
    assert stripe_outages._began is None


def test_that_stripe_works_on_the_same_request_is_no_outage() -> None:
    note_failure(stripe_library.APIError("a conflict", http_status=409), OPENS)
    assert stripe_outages._began is None


def test_it_is_asked_whether_stripe_is_back(stripe: Stripe) -> None:
    assert stripe_outages._is_back()
    stripe.fault("GET /v1/payment_intents", "error_500_before")
    assert not stripe_outages._is_back()
