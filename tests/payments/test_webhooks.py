"""Stripe's events: believed only with a signature, acted on once, whatever their order."""

import hmac
import json
import time
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from stripe import StripeClient

from shop.core.machine_clock import unix_seconds
from shop.orders.models import Order, StripeEvent
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.stripe import Stripe
from tests.support.factories import refreshed
from tests.support.fixtures import Card

pytestmark = pytest.mark.django_db(transaction=True)


deliver = Stripe.deliver


def event_about(
    intent: str, type_: str = "payment_intent.succeeded", order: str = ""
) -> dict[str, Any]:
    about = {"id": intent, "metadata": {"order": order}}
    return {"id": f"evt_{type_}_{intent}", "type": type_, "data": {"object": about}}


@pytest.fixture
def paid_behind_our_back(buyer: ShopClient, card: Card, stripe_api: StripeClient) -> Order:
    """An order that was declined here, and then paid without our server hearing of it."""
    buyer.order(card("pm_card_visa_chargeDeclined"))
    order = Order.objects.get()
    stripe_api.v1.payment_intents.confirm(
        order.payment_intent, {"confirmation_token": card(), "return_url": "http://testserver/"}
    )
    return order


def test_a_payment_known_from_the_webhook_alone_is_settled(paid_behind_our_back: Order) -> None:
    order = paid_behind_our_back
    assert deliver(event_about(order.payment_intent)) == 200
    assert refreshed(order).status == "paid"
    assert len(mail.outbox) == 1


def test_a_payment_lost_in_a_crash_is_found_by_its_event(paid_behind_our_back: Order) -> None:
    order = paid_behind_our_back
    intent = order.payment_intent
    Order.objects.update(payment_intent="")
    deliver(event_about(intent, order=order.number))
    assert (refreshed(order).status, order.payment_intent) == ("paid", intent)


def test_an_event_that_is_delivered_twice_is_acted_on_once(paid_behind_our_back: Order) -> None:
    for _ in range(2):
        deliver(event_about(paid_behind_our_back.payment_intent))
    assert StripeEvent.objects.count() == 1
    assert len(mail.outbox) == 1


def test_an_old_event_that_comes_late_changes_nothing(paid_behind_our_back: Order) -> None:
    order = paid_behind_our_back
    deliver(event_about(order.payment_intent))
    deliver(event_about(order.payment_intent, "payment_intent.payment_failed"))
    assert refreshed(order).status == "paid"


@pytest.mark.parametrize("how", [{"secret": "whsec_wrong"}, {"age": 301}])
def test_a_false_or_old_event_is_refused(paid_behind_our_back: Order, how: dict[str, Any]) -> None:
    order = paid_behind_our_back
    assert deliver(event_about(order.payment_intent), **how) == 400
    assert refreshed(order).status == "pending"


def test_an_unsigned_event_is_refused(db: None) -> None:
    answer = Client().post("/stripe/webhook/", "{}", content_type="application/json")
    assert answer.status_code == 400


def test_an_event_of_long_ago_is_not_made_fresh_by_a_second_time_beside_its_own(
    paid_behind_our_back: Order,
) -> None:
    body = json.dumps(event_about(paid_behind_our_back.payment_intent))
    signed_at = int(unix_seconds()) - 86_400
    digest = hmac.digest(
        settings.STRIPE_WEBHOOK_SECRET.encode(), f"{signed_at}.{body}".encode(), "sha256"
    )
    own = f"t={signed_at},v1={digest.hex()}"
    assert sent(body, f"{own},t={int(unix_seconds())}") == 400
    assert refreshed(paid_behind_our_back).status == "pending"


@pytest.mark.parametrize("signature", ["t=1,v1=\xff", "\xff", "t=\xb2,v1=x", "t,v1", "=", ""])
def test_a_signature_that_is_none_is_refused(db: None, signature: str) -> None:
    assert sent("{}", signature) == 400


def sent(body: str, signature: str) -> int:
    """The answer to a body with a header as somebody wrote it."""
    answer = Client().post(
        "/stripe/webhook/",
        body,
        content_type="application/json",
        HTTP_STRIPE_SIGNATURE=signature,
    )
    return answer.status_code


def test_an_event_that_we_do_not_know_is_acknowledged(db: None) -> None:
    event = {"id": "evt_1", "type": "customer.created", "data": {"object": {}}}
    assert deliver(event) == 200


def test_a_frozen_clock_does_not_judge_the_signature(paid_behind_our_back: Order) -> None:
    # The shop's clock stands at the sale; Stripe's and the machine's do not.
    assert abs(time.time() - unix_seconds()) > 300
    assert deliver(event_about(paid_behind_our_back.payment_intent)) == 200
