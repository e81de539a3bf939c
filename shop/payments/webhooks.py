"""Stripe's events: news of payments, refunds and disputes, from one who has to prove who it is.

An event says that something happened, not what is true now: it may be late,
twice or out of order. So what it is about is asked for anew, and recorded.
Who keeps it until then is ``inbox``.
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import stripe
from django.conf import settings

from shop.core.machine_clock import unix_seconds
from shop.orders.models import PAID_FOR, Order, StripeEvent
from shop.payments import refunds
from shop.payments.disputes import record_dispute
from shop.payments.settlement import settle_by_id
from shop.payments.stripe_client import client

TOLERANCE_SECONDS = 300


class NotFromStripe(Exception):
    """The signature is missing, wrong or old."""


class TryLater(Exception):
    """Stripe cannot be asked what is true now: the event is to be acted on again."""


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


def is_for_us(event_type: str) -> bool:
    """Whether anything is done about events of a type; others are acknowledged."""
    return any(event_type.startswith(start) for start in _HANDLERS)


def handler_for(event_type: str) -> "Handler":
    """What is done about events of a type; for one that is not for us, nothing.

    What it is given is an event as it was taken in. It raises ``TryLater`` or
    ``stripe.StripeError`` where Stripe cannot be asked.
    """
    return next((act for start, act in _HANDLERS.items() if event_type.startswith(start)), _nothing)


def _nothing(event: StripeEvent, now: datetime) -> None:
    pass


def _payment(event: StripeEvent, now: datetime) -> None:
    order = _order_of(event.about)
    # What was paid stays paid: of its payment there is nothing to ask for any more.
    if order is not None and order.status not in PAID_FOR:
        _settle(order, event, now)


def _charge(event: StripeEvent, now: datetime) -> None:
    """A charge was refunded, in part maybe, and maybe at Stripe: all its refunds are looked at."""
    order = _order_paid_by(event.about["payment_intent"])
    if order is not None:
        if order.is_open:
            _settle(order, event, now)
        for answer in refunds.at_stripe(order.payment_intent):
            _record(order, answer, event, now)


def _refund(event: StripeEvent, now: datetime) -> None:
    order = _order_paid_by(event.about["payment_intent"])
    if order is not None:
        answer = client().v1.refunds.retrieve(event.about["id"])
        if order.is_open:
            _settle(order, event, now)
        _record(order, answer, event, now)


def _dispute(event: StripeEvent, now: datetime) -> None:
    order = _order_paid_by(event.about["payment_intent"])
    if order is not None:
        record_dispute(order, client().v1.disputes.retrieve(event.about["id"]), now)


type Handler = Callable[[StripeEvent, datetime], None]

_HANDLERS: dict[str, Handler] = {
    "payment_intent.": _payment,
    "charge.refunded": _charge,
    "refund.": _refund,
    "charge.dispute.": _dispute,
}


def _settle(order: Order, event: StripeEvent, now: datetime) -> None:
    """:raises TryLater: Stripe cannot be asked"""
    if settle_by_id(order, cause=event.type, now=now, stripe_event=event.pk) is None:
        raise TryLater


def _record(order: Order, answer: stripe.Refund, event: StripeEvent, now: datetime) -> None:
    refunds.record_any(order, answer, cause=event.type, now=now, stripe_event=event.pk)


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
