"""Handlers of Stripe's events about payments, refunds and disputes.

An event may come late, twice or out of order. So its object is retrieved anew
and recorded. ``event_inbox`` stores the events.
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
    """Stripe cannot be asked now: the event has to be processed again."""


def read_event(body: bytes, signature: str) -> dict[str, Any]:
    """The event in a signed request, at most ``TOLERANCE_SECONDS`` old by the machine's clock.

    :raises NotFromStripe: the signature is missing, wrong or old
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
    """Whether events of a type have a handler; others are only acknowledged."""
    return any(event_type.startswith(start) for start in _HANDLERS)


def handler_for(event_type: str) -> "Handler":
    """The handler of a type of events; one that does nothing where there is none.

    It raises ``TryLater`` or ``stripe.StripeError`` where Stripe cannot be asked.
    """
    return next((act for start, act in _HANDLERS.items() if event_type.startswith(start)), _nothing)


def _nothing(event: StripeEvent, now: datetime) -> None:
    pass


def _payment(event: StripeEvent, now: datetime) -> None:
    order = _order_of(event.about)
    # A paid order does not change by its payment any more.
    if order is not None and order.status not in PAID_FOR:
        _settle(order, event, now)


def _charge(event: StripeEvent, now: datetime) -> None:
    """A charge was refunded: record all its refunds, also those made at Stripe."""
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
    """The order of a payment; its id is stored where a crash lost it."""
    intent_id, metadata = intent.get("id") or "", intent.get("metadata") or {}
    # A payment of an earlier round was replaced by another, and belongs to no order.
    without_id = Order.objects.filter(
        number=metadata.get("order") or "",
        payment_round=metadata.get("round") or 1,
        payment_intent="",
    )
    if intent_id:
        without_id.update(payment_intent=intent_id)
    return _order_paid_by(intent_id)


def _order_paid_by(intent: object) -> Order | None:
    """The order whose payment this is, by its id."""
    return Order.objects.filter(payment_intent=intent or "-").first()
