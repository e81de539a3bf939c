"""Stripe's events: news of payments, refunds and disputes, from one who has to prove who it is.

An event says that something happened, not what is true now: it may be late,
twice or out of order. So what it is about is asked for anew, and recorded.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import stripe
from django.conf import settings

from shop.checkout import refunds
from shop.checkout.disputes import record_dispute
from shop.checkout.models import Order, StripeEvent
from shop.checkout.settling import settle_by_id
from shop.checkout.stripe_api import client
from shop.clock import unix_seconds

logger = logging.getLogger(__name__)

TOLERANCE_SECONDS = 300


class NotFromStripe(Exception):
    """The signature is missing, wrong or old."""


class TryLater(Exception):
    """Stripe cannot be asked what is true now: it shall deliver the event again."""


def read_event(body: bytes, signature: str) -> dict[str, Any]:
    """The event in a signed request.

    Its age is measured on the real clock, whatever time the shop is told it is.

    :raises NotFromStripe: it does not prove that it is Stripe's, and recent
    """
    try:
        stripe.WebhookSignature.verify_header(body, signature, settings.STRIPE_WEBHOOK_SECRET)
        signed_at = int(dict(part.split("=", 1) for part in signature.split(","))["t"])
        event = json.loads(body)
    except (stripe.SignatureVerificationError, ValueError, KeyError):
        raise NotFromStripe from None
    if abs(unix_seconds() - signed_at) > TOLERANCE_SECONDS or not isinstance(event, dict):
        raise NotFromStripe
    return event


def act_on(event: dict[str, Any], now: datetime) -> None:
    """Do what an event is about; one that is known already does nothing.

    :raises TryLater: nothing was done
    """
    event_id, event_type = str(event.get("id", "")), str(event.get("type", ""))
    if StripeEvent.objects.filter(pk=event_id).exists():
        return
    act = next((act for start, act in _ACTS.items() if event_type.startswith(start)), None)
    if act is not None:
        news = News(event.get("data", {}).get("object", {}), event_type, event_id, now)
        try:
            act(news)
        except stripe.InvalidRequestError:
            logger.warning("Stripe does not know what its event %s is about", event_id)
        except stripe.StripeError:
            raise TryLater from None
    StripeEvent.objects.bulk_create(
        [StripeEvent(id=event_id, type=event_type, received_at=now)], ignore_conflicts=True
    )


@dataclass(frozen=True, slots=True)
class News:
    """An event: what it is about, as it was then, and what it is called."""

    about: dict[str, Any]
    type: str
    id: str
    now: datetime

    @property
    def object_id(self) -> str:
        """What Stripe calls the object by, to ask for it as it is now."""
        return self.about.get("id") or "-"


def _payment(news: News) -> None:
    order = _order_of(news.about)
    if order is not None:
        _settle(order, news)


def _charge(news: News) -> None:
    """A charge was refunded, in part maybe, and maybe at Stripe: all its refunds are looked at."""
    order = _order_paid_by(news.about.get("payment_intent"))
    if order is not None:
        if order.is_open:
            _settle(order, news)
        for answer in refunds.at_stripe(order.payment_intent):
            _record(order, answer, news)


def _refund(news: News) -> None:
    answer = client().v1.refunds.retrieve(news.object_id)
    order = _order_paid_by(answer.payment_intent)
    if order is not None:
        if order.is_open:
            _settle(order, news)
        _record(order, answer, news)


def _dispute(news: News) -> None:
    answer = client().v1.disputes.retrieve(news.object_id)
    order = _order_paid_by(answer.payment_intent)
    if order is not None:
        record_dispute(order, answer, news.now)


_ACTS: dict[str, Callable[[News], None]] = {
    "payment_intent.": _payment,
    "charge.refunded": _charge,
    "refund.": _refund,
    "charge.dispute.": _dispute,
}


def _settle(order: Order, news: News) -> None:
    """:raises TryLater: Stripe cannot be asked"""
    if settle_by_id(order, cause=news.type, now=news.now, stripe_event=news.id) is None:
        raise TryLater


def _record(order: Order, answer: stripe.Refund, news: News) -> None:
    refunds.record_any(order, answer, cause=news.type, now=news.now, stripe_event=news.id)


def _order_of(intent: dict[str, Any]) -> Order | None:
    """The order that a payment is for."""
    intent_id, metadata = intent.get("id") or "", intent.get("metadata") or {}
    # The server may have fallen between the making of a payment and the noting of its id. One of
    # an earlier round was replaced by another: it is nobody's any more.
    unnoted = Order.objects.filter(
        number=metadata.get("order") or "",
        payment_round=metadata.get("round") or 1,
        payment_intent="",
    )
    if intent_id:
        unnoted.update(payment_intent=intent_id)
    return _order_paid_by(intent_id)


def _order_paid_by(intent: object) -> Order | None:
    """The order whose payment this is, by its id."""
    return Order.objects.filter(payment_intent=intent or "-").first()
