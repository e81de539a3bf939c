"""Stripe's events: news of payments, from a sender who has to prove who it is.

An event says that something happened, not what is true now: it may be late,
twice or out of order. So the payment is asked for anew, and settled.
"""

import json
from datetime import datetime
from typing import Any

import stripe
from django.conf import settings

from shop.checkout.models import Order, StripeEvent
from shop.checkout.settling import settle_by_id
from shop.clock import unix_seconds

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
    """Settle the order that an event is about; one that is known already does nothing.

    :raises TryLater: nothing was done
    """
    event_id, event_type = str(event.get("id", "")), str(event.get("type", ""))
    if StripeEvent.objects.filter(pk=event_id).exists():
        return
    if event_type.startswith("payment_intent."):
        order = _order_of(event.get("data", {}).get("object", {}))
        if order is not None:
            settled = settle_by_id(order, cause=event_type, now=now, stripe_event=event_id)
            if settled is None:
                raise TryLater
    StripeEvent.objects.bulk_create(
        [StripeEvent(id=event_id, type=event_type, received_at=now)], ignore_conflicts=True
    )


def _order_of(intent: dict[str, Any]) -> Order | None:
    """The order that a payment is for."""
    intent_id, number = intent.get("id") or "", (intent.get("metadata") or {}).get("order") or ""
    # The server may have fallen between the making of a payment and the noting of its id.
    unnoted = Order.objects.filter(number=number, payment_intent="")
    if intent_id:
        unnoted.update(payment_intent=intent_id)
    return Order.objects.filter(payment_intent=intent_id or "-").first()
