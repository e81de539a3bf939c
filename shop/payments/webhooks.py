"""Handlers of Stripe's events about payments, refunds and disputes.

An event may come late, twice or out of order: so its object is retrieved anew and recorded.
"""

import json
from collections.abc import Callable
from datetime import datetime

import stripe
from django.conf import settings

from shop.core.machine_clock import unix_seconds
from shop.orders.models import PAID_FOR, Order, StripeEvent
from shop.payments import discrepancies, disputes, refunds
from shop.payments.event_facts import MalformedEvent
from shop.payments.settlement import settle_by_id
from shop.payments.stripe_client import client
from shop.payments.stripe_record import our_issuer

TOLERANCE_SECONDS = 300


class NotFromStripe(Exception):
    """The signature is missing, wrong or old."""


class TryLater(Exception):
    """Stripe cannot be asked now: the event has to be processed again."""


def read_event(body: bytes, signature: str) -> object:
    """What a signed request says, at most ``TOLERANCE_SECONDS`` old by the machine's clock.

    :raises NotFromStripe: the signature is missing, wrong or old
    :raises MalformedEvent: what was signed is no JSON
    """
    if not signature.isascii():
        # The library compares it with one that is.
        raise NotFromStripe
    try:
        stripe.WebhookSignature.verify_header(body, signature, settings.STRIPE_WEBHOOK_SECRET)
        # One alone: of several, the library verifies the first.
        [signed_at] = (int(part[2:]) for part in signature.split(",") if part.startswith("t="))
    except (stripe.SignatureVerificationError, ValueError):
        raise NotFromStripe from None
    if abs(unix_seconds() - signed_at) > TOLERANCE_SECONDS:
        raise NotFromStripe
    try:
        event: object = json.loads(body)
    except (ValueError, RecursionError):
        raise MalformedEvent("the body is no JSON") from None
    return event


def handler_for(event_type: str) -> "Handler | None":
    """The handler of a type of events; None for those that are only acknowledged.

    It raises ``TryLater`` or ``stripe.StripeError`` where Stripe cannot be asked.
    """
    return next((act for start, act in _HANDLERS.items() if event_type.startswith(start)), None)


def _payment(event: StripeEvent, now: datetime) -> None:
    about, metadata = event.about, event.about["metadata"]
    # An id that a crash lost is stored. A payment of an earlier round belongs to no order.
    Order.objects.filter(
        number=metadata.get("order", ""),
        payment_round=metadata.get("round") or 1,
        payment_intent="",
    ).update(payment_intent=about["id"])
    order = _order_paid_by(about["id"])
    if order is None and metadata.get("issuer") == our_issuer():
        discrepancies.examine(about["id"], now)
    # A paid order does not change by its payment any more.
    if order is not None and order.status not in PAID_FOR:
        _settle(order, event, now)


def _refund(event: StripeEvent, now: datetime) -> None:
    """Record a refund; of a refunded charge all refunds, also those made at Stripe."""
    order = _order_paid_by(event.about["payment_intent"])
    if order is None:
        return
    if order.is_open:
        _settle(order, event, now)
    if event.type == "charge.refunded":
        answers = refunds.at_stripe(order.payment_intent)
    else:
        answers = [client().v1.refunds.retrieve(event.about["id"])]
    for answer in answers:
        refunds.record_any(order, answer, cause=event.type, now=now, stripe_event=event.pk)


def _dispute(event: StripeEvent, now: datetime) -> None:
    order = _order_paid_by(event.about["payment_intent"])
    if order is not None and not disputes.refresh(order, event.about["id"], now):
        raise TryLater


type Handler = Callable[[StripeEvent, datetime], None]

_HANDLERS: dict[str, Handler] = {
    "payment_intent.": _payment,
    "charge.refunded": _refund,
    "refund.": _refund,
    "charge.dispute.": _dispute,
}


def _settle(order: Order, event: StripeEvent, now: datetime) -> None:
    """:raises TryLater: Stripe cannot be asked"""
    if settle_by_id(order, cause=event.type, now=now, stripe_event=event.pk) is None:
        raise TryLater


def _order_paid_by(intent_id: str) -> Order | None:
    return Order.objects.filter(payment_intent=intent_id or "-").first()
