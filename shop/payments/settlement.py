"""Settlement: the status of a payment at Stripe becomes the status of its order.

Checkout, webhooks and ``reconcile`` all end here, in any order and any number of times. A claim
is released only when Stripe confirms that the payment cannot succeed any more.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial

import stripe
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from shop.core.machine_clock import monotonic_seconds
from shop.orders.claims import record_card, release
from shop.orders.emails import send_receipt
from shop.orders.hoarding import record_failure
from shop.orders.limits import card_key
from shop.orders.models import CANCELABLE, IS_OPEN, OVER, Order
from shop.orders.sale_totals import count_paid
from shop.orders.state_machine import Status, locked, move
from shop.payments import refunds
from shop.payments.intents import WITH_CHARGE, cancel_intent, card_fingerprint
from shop.payments.stripe_client import client
from shop.payments.stripe_metadata import metadata_text

logger = logging.getLogger(__name__)

#: The cause of a change that its shopper wanted.
SHOPPER = "shopper"
#: Status of the order by that of its payment, but for a canceled one.
_STATUS = {
    "succeeded": Status.PAID,
    "processing": Status.PROCESSING,
    "requires_action": Status.REQUIRES_ACTION,
    "requires_confirmation": Status.PENDING,
    "requires_payment_method": Status.PENDING,
}


def settle(
    order: Order,
    intent: stripe.PaymentIntent,
    *,
    cause: str,
    now: datetime,
    stripe_event: str = "",
) -> None:
    """Update an order from its payment.

    :param intent: as Stripe answered just now, never an event's older snapshot
    """
    with transaction.atomic():
        row = locked(order)
        if not _is_payment_of(row, intent):
            return  # The payment was replaced by another.
        if intent.status == "canceled":
            status, cause = _unpaid_status(row, now), _cause_of_end(row, cause)
        else:
            status = _STATUS[intent.status]
        _record_payment(row, intent)
        if row.decline_message:
            record_failure(row, now)
        moved = move(row, status, cause=cause, now=now, stripe_event=stripe_event)
        if moved and status is Status.PAID:
            method = getattr(intent.latest_charge, "payment_method_details", None)
            record_card(row, card_key(card_fingerprint(method)))
            count_paid(row)
            transaction.on_commit(partial(send_receipt.enqueue, order.pk), robust=True)
        if moved and status in OVER:
            release(row, now)
        is_late = status is Status.PAID and row.status in OVER
        refund = refunds.create_late_refund(row, intent, now) if is_late else None
    if refund is not None:
        refunds.execute(refund, cause=cause, now=now)
    order.refresh_from_db()


def settle_by_id(
    order: Order, *, cause: str, now: datetime, stripe_event: str = ""
) -> stripe.PaymentIntent | None:
    """Settle an order by its payment; None where there is none yet, or Stripe cannot be asked."""
    order.refresh_from_db()
    if not order.payment_intent:
        return None
    try:
        intent = client().v1.payment_intents.retrieve(order.payment_intent, WITH_CHARGE)
    except stripe.StripeError as error:
        logger.warning("Stripe cannot say what became of %s: %s", order.number, _reason(error))
        return None
    settle(order, intent, cause=cause, now=now, stripe_event=stripe_event)
    return intent


def agrees(order: Order, intent: stripe.PaymentIntent) -> bool:
    """Whether an open order is what its payment makes of it."""
    return order.status == _STATUS.get(intent.status) and order.decline_message == decline_message(
        intent
    )


def cancel_unpaid(
    order: Order,
    *,
    cause: str,
    now: datetime,
    listed: stripe.PaymentIntent | None = None,
) -> bool:
    """Cancel an unpaid order's payment at Stripe, then release its claim; whether it is settled.

    It stays open while a bank works on the payment, or Stripe does not answer.

    :param listed: the payment as Stripe's list showed it a moment ago
    """
    try:
        intent = cancel_intent(order, listed=listed)
    except stripe.InvalidRequestError as refusal:
        # Its status changed between the two calls.
        settle_by_id(order, cause=cause, now=now)
        if not order.payment_intent:
            logger.error("Stripe makes no payment for %s: %s", order.number, _reason(refusal))
            _end_without_payment(order, cause=cause, now=now)
        return not order.is_open
    except stripe.StripeError as error:
        logger.warning("%s cannot be canceled yet: %s", order.number, _reason(error))
        return False
    settle(order, intent, cause=cause, now=now)
    return not order.is_open


def cancel_for_shopper(order: Order, *, now: datetime) -> None:
    """Cancel an unpaid order for its shopper.

    That it is wanted is written down first: where Stripe does not answer, the order's page and
    ``reconcile`` go on with it, and it ends as canceled, however late.
    """
    unpaid = Order.objects.filter(pk=order.pk, status__in=CANCELABLE)
    if not unpaid.update(cancel_asked_at=now):
        return
    order.refresh_from_db()
    cancel_unpaid(order, cause=SHOPPER, now=now)


def _unpaid_status(row: Order, now: datetime) -> Status:
    """What an order is whose payment is canceled: expired, unless somebody ended it in its time."""
    is_lapse = row.cancel_asked_at is None and row.lapses_at <= now
    return Status.EXPIRED if is_lapse else Status.CANCELED


def _record_payment(row: Order, intent: stripe.PaymentIntent) -> None:
    """Store the id of a locked order's payment, and why it was declined; mostly nothing is new."""
    reason = decline_message(intent)
    if (row.decline_message, row.payment_intent) != (reason, intent.id):
        row.decline_message, row.payment_intent = reason, intent.id
        row.save(update_fields=["decline_message", "payment_intent"])


def _is_payment_of(row: Order, intent: stripe.PaymentIntent) -> bool:
    """Whether it is the order's payment; one whose id a crash lost is of the order's round."""
    if row.payment_intent:
        return row.payment_intent == intent.id
    return (metadata_text(intent, "round") or "1") == str(row.payment_round)


def _end_without_payment(order: Order, *, cause: str, now: datetime) -> None:
    """End an order that Stripe refuses to create a payment for.

    A payment that is created at the same time cannot be stored on an order that is over.
    """
    with transaction.atomic():
        row = locked(order)
        status = _unpaid_status(row, now)
        if not row.payment_intent and move(row, status, cause=cause, now=now):
            release(row, now)
    order.refresh_from_db()


def expire_due(
    now: datetime,
    orders: Iterable[Order] | None = None,
    *,
    listed: stripe.PaymentIntent | None = None,
) -> int:
    """Settle the open orders that are due (``Order.is_due``); how many of them are open no more.

    :param listed: the payment of a single order as Stripe's list showed it a moment ago
    """
    if orders is None:
        orders = Order.objects.filter(IS_OPEN, _is_due(now)).order_by("lapses_at")
    return sum(
        cancel_unpaid(order, cause=_cause_of_end(order, "lapsed"), now=now, listed=listed)
        for order in orders
        if order.is_due(now)
    )


def _is_due(now: datetime) -> Q:
    return Q(lapses_at__lte=now) | Q(cancel_asked_at__isnull=False)


def _cause_of_end(order: Order, otherwise: str) -> str:
    return SHOPPER if order.is_cancel_asked else otherwise


def settle_blocking_orders(*, jtis: Sequence[str], skus: Sequence[str], now: datetime) -> bool:
    """Settle expired orders that hold these offers, or stock of these products; whether any was.

    So no timer has to run: the next claim settles them.
    """
    holds = Q(lines__jti__in=jtis) | Q(lines__variant__product__sku__in=skus)
    due = Order.objects.filter(holds, IS_OPEN, _is_due(now))
    settled, started = 0, monotonic_seconds()
    for order in due.distinct().order_by("lapses_at")[:20]:
        # A shopper waits: if Stripe does not answer, it is asked about one order, not twenty.
        if monotonic_seconds() - started > settings.STRIPE_TIMEOUT_SECONDS:
            break
        settled += expire_due(now, [order])
    return settled > 0


def decline_message(intent: stripe.PaymentIntent) -> str:
    """Why the last attempt failed, for the shopper; empty where none did."""
    error = intent.last_payment_error
    if error is None:
        return ""
    if error.code == "payment_intent_authentication_failure":
        return "Your bank did not approve the payment."
    if error.type == "card_error" and error.message:
        return error.message[:300]
    return "The payment did not go through."


def _reason(error: stripe.StripeError) -> str:
    """Class and code of an error, for logs: no personal data."""
    return f"{type(error).__name__} {error.code or ''}".strip()
