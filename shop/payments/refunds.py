"""Refunds: money, and units that are restocked.

Three steps, so that a crash between any two loses nothing and pays nothing twice:

1. In one transaction, the refund is created with its idempotency key, its units counted.
2. Stripe is called with that key, outside any transaction.
3. Stripe's answer is recorded: by the caller, a webhook or ``reconcile``, in any order and
   any number of times.

Restocked units lower claims and limit counts; units that are written off lower nothing. The
offer stays redeemed. If a refund fails later (the card was closed), its units can be refunded
again; restocked units stay in stock.
"""

import logging
import secrets
from collections.abc import Iterable
from datetime import datetime
from functools import partial

import stripe
from django.db import transaction
from django.db.models import Sum

from shop.orders.claims import give_back
from shop.orders.emails import send_refund_note
from shop.orders.models import OVER, Order, OrderLine, Refund, RefundLine
from shop.orders.sale_totals import count_refund
from shop.orders.state_machine import BY_REFUND, Status, locked, move
from shop.payments.refund_metadata import metadata_of
from shop.payments.refund_plans import NotRefundable, RefundPlan, Units, left_of, plan_refund
from shop.payments.stripe_amounts import to_stripe_amount
from shop.payments.stripe_client import client
from shop.payments.stripe_metadata import metadata_text
from shop.payments.unrecorded_refunds import create_row
from shop.staff.models import Staff

logger = logging.getLogger(__name__)

#: The reason of a refund that the shop makes automatically.
TOO_LATE = "Your payment came when the order was over, and what you ordered had been given back."

OVERTAKEN = (
    "Something was refunded of this order since this page was opened (maybe by this very form, "
    "sent twice). Look at it, and send the form again if you mean to."
)

#: Our status by Stripe's. It never goes back.
_STATUS = {
    "pending": Refund.Status.PENDING,
    "requires_action": Refund.Status.PENDING,
    "succeeded": Refund.Status.SUCCEEDED,
    "failed": Refund.Status.FAILED,
    "canceled": Refund.Status.FAILED,
}
_RANK = {Refund.Status.PENDING: 0, Refund.Status.SUCCEEDED: 1, Refund.Status.FAILED: 2}


def create_refund(
    agreed: RefundPlan, *, reason: str, by: Staff | None, seen: int, now: datetime
) -> Refund:
    """Create a refund that Stripe has not been asked for yet, and count its units.

    :param seen: how many refunds the order had when the plan was agreed to
    :raises NotRefundable: the order or its refunds have changed since
    """
    with transaction.atomic():
        order = locked(agreed.order)
        if order.refunds.count() != seen:
            raise NotRefundable(OVERTAKEN)
        lines = {line.pk: line for line in order.lines.all()}
        units = [Units(lines[each.line.pk], each.quantity, each.restock) for each in agreed.units]
        plan = plan_refund(order, units, shipping=agreed.shipping > 0)
        if plan.signature != agreed.signature:
            raise NotRefundable(OVERTAKEN)
        refund = Refund.objects.create(
            order=order,
            amount=plan.amount,
            shipping=plan.shipping,
            currency=order.currency,
            reason=reason,
            made_by=by,
            made_at=now,
            idempotency_key=f"refund-{order.number}-{secrets.token_hex(8)}",
        )
        for each in plan.units:
            RefundLine.objects.create(
                refund=refund, order_line=each.line, quantity=each.quantity, restock=each.restock
            )
            each.line.refunded += each.quantity
            each.line.save(update_fields=["refunded"])
        count_refund(refund)
    return refund


def create_late_refund(
    order: Order, intent: stripe.PaymentIntent, now: datetime, *, reason: str = TOO_LATE
) -> Refund | None:
    """Create the refund of a payment that came after a locked order was over; once a payment.

    It has no lines: the claim is released. None where all of it is refunded already.

    :param reason: for the shopper
    """
    if order.paid_at is None:
        order.paid_at = now
        order.save(update_fields=["paid_at"])
    key = f"refund-{order.number}-{intent.id}"
    refund = Refund.objects.filter(idempotency_key=key).first()
    if refund is None and (left := left_of(order)) > 0:
        logger.warning("%s was paid when it was %s: it is refunded", order.number, order.status)
        refund = Refund.objects.create(
            order=order,
            amount=left,
            currency=order.currency,
            reason=reason,
            made_at=now,
            idempotency_key=key,
        )
    return refund


def execute(refund: Refund, *, cause: str, now: datetime, is_retry: bool = False) -> None:
    """Ask Stripe for a created refund, and record the answer; without one it stays pending.

    :param is_retry: Stripe may have made it so long ago that it forgot the key
    """
    if refund.status != Refund.Status.PENDING:
        return
    try:
        answer = _find(refund) if is_retry or refund.is_at_stripe else None
        if answer is None:
            answer = _create(refund)
    except (stripe.InvalidRequestError, stripe.CardError) as refusal:
        _refuse(refund, refusal, cause=cause, now=now)
    except stripe.StripeError as error:
        logger.warning("It is not clear whether %s is refunded: %s", refund.order, error.code)
    else:
        record(refund, answer, cause=cause, now=now)
    refund.refresh_from_db()


def finish(now: datetime, *, with_accepted: bool = True) -> list[Refund]:
    """Execute every refund that was left pending; those that are no longer pending then.

    :param with_accepted: also ask about those that Stripe works on, for days mostly
    """
    left = Refund.objects.filter(status=Refund.Status.PENDING)
    if not with_accepted:
        left = left.filter(stripe_id="")
    pending = list(left.select_related("order"))
    for refund in pending:
        try:
            execute(refund, cause="reconcile", now=now, is_retry=True)
        except Exception:
            # A fault in one must not keep the others back.
            logger.exception("A refund of %s cannot be carried out", refund.order)
    return [refund for refund in pending if refund.status != Refund.Status.PENDING]


def _create(refund: Refund) -> stripe.Refund:
    return client().v1.refunds.create(
        {
            "payment_intent": refund.order.payment_intent,
            "amount": to_stripe_amount(refund.amount, refund.currency),
            "metadata": {**metadata_of(refund)},
        },
        {"idempotency_key": refund.idempotency_key},
    )


def _find(refund: Refund) -> stripe.Refund | None:
    """The refund at Stripe, even if its id was lost in a crash; None if there is none."""
    if refund.is_at_stripe:
        return client().v1.refunds.retrieve(refund.stripe_id)
    made = at_stripe(refund.order.payment_intent)
    return next((each for each in made if _key_of(each) == refund.idempotency_key), None)


def at_stripe(payment_intent: str) -> list[stripe.Refund]:
    """All refunds of a payment at Stripe, the oldest first."""
    pages = client().v1.refunds.list({"payment_intent": payment_intent, "limit": 100})
    return list(pages.auto_paging_iter())[::-1]


def unrecorded(answers: Iterable[stripe.Refund]) -> list[tuple[Order, stripe.Refund]]:
    """Refunds of our orders that are not recorded, or not as they are; two queries."""
    by_id = {answer.id: answer for answer in answers if answer.payment_intent}
    stored = Refund.objects.filter(stripe_id__in=list(by_id))
    statuses = dict(stored.values_list("stripe_id", "status"))
    payments = [str(answer.payment_intent) for answer in by_id.values()]
    orders = {row.payment_intent: row for row in Order.objects.filter(payment_intent__in=payments)}
    return [
        (orders[str(answer.payment_intent)], answer)
        for answer in by_id.values()
        if str(answer.payment_intent) in orders
        and statuses.get(answer.id) != _STATUS[answer.status or "pending"]
    ]


def record(
    refund: Refund, answer: stripe.Refund, *, cause: str, now: datetime, stripe_event: str = ""
) -> None:
    """Record Stripe's answer on a refund, and update its order's status.

    :param answer: as Stripe answered just now, never an event's older snapshot
    """
    status = _STATUS[answer.status or "pending"]
    with transaction.atomic():
        order = locked(refund.order)
        row = Refund.objects.get(pk=refund.pk)
        if _RANK[status] < _RANK[Refund.Status(row.status)]:
            return  # Of two calls at once, the older answer comes second.
        is_accepted = not row.is_at_stripe and status is not Refund.Status.FAILED
        row.stripe_id = answer.id
        row.save(update_fields=["stripe_id"])
        if status is Refund.Status.FAILED:
            _fail(row, (answer.failure_reason or "").replace("_", " "))
        elif row.status != status:
            row.status = status
            row.save(update_fields=["status"])
        _restock(order)
        _update_status(order, cause=cause, now=now, stripe_event=stripe_event)
        if is_accepted:
            transaction.on_commit(partial(send_refund_note.enqueue, refund.pk), robust=True)


def record_any(
    order: Order, answer: stripe.Refund, *, cause: str, now: datetime, stripe_event: str = ""
) -> None:
    """Record a refund of an order at Stripe; one without a row gets it."""
    refund = (
        order.refunds.filter(stripe_id=answer.id).first()
        or order.refunds.filter(idempotency_key=_key_of(answer)).first()
        or create_row(order, answer, now)
    )
    record(refund, answer, cause=cause, now=now, stripe_event=stripe_event)


def _key_of(answer: stripe.Refund) -> str:
    return metadata_text(answer, "refund") or "-"


def _refuse(refund: Refund, refusal: stripe.StripeError, *, cause: str, now: datetime) -> None:
    with transaction.atomic():
        order = locked(refund.order)
        row = Refund.objects.get(pk=refund.pk)
        if row.status == Refund.Status.PENDING and not row.is_at_stripe:
            _fail(row, refusal.user_message or "")
            _update_status(order, cause=cause, now=now)


def _fail(row: Refund, problem: str) -> None:
    """Mark a refund as failed; its units can be refunded again."""
    if row.status == Refund.Status.FAILED:
        return
    row.status = Refund.Status.FAILED
    row.problem = (problem or "Stripe gave no reason.")[:300]
    row.save(update_fields=["status", "problem"])
    for each in row.lines.select_related("order_line"):
        each.order_line.refunded -= each.quantity
        each.order_line.save(update_fields=["refunded"])
    count_refund(row, has_failed=True)
    logger.error("A refund of %s failed: %s", row.order, row.problem)


def _restock(order: Order) -> None:
    """Restock the units of refunds that Stripe accepted, each unit once."""
    units: dict[OrderLine, int] = {}
    for line in order.lines.all():
        coming = line.refund_lines.filter(restock=True).exclude(refund__stripe_id="")
        coming = coming.exclude(refund__status=Refund.Status.FAILED)
        more = coming.aggregate(sum=Sum("quantity", default=0))["sum"] - line.restocked
        if more > 0:
            line.restocked += more
            line.save(update_fields=["restocked"])
            units[line] = more
    if units:
        give_back(order, units)


def _update_status(order: Order, *, cause: str, now: datetime, stripe_event: str = "") -> None:
    """Update an order's status from the refunds that Stripe accepted."""
    accepted = order.refunds.exclude(status=Refund.Status.FAILED).exclude(stripe_id="")
    amount: int = accepted.aggregate(sum=Sum("amount", default=0))["sum"]
    over = order.history.filter(to_status__in=OVER).last()
    if amount >= order.total:
        status = Status.REFUNDED
    elif over is not None:
        status = Status(over.to_status)
    else:
        status = Status.PARTIALLY_REFUNDED if amount else Status.PAID
    if order.paid_at is None:
        order.paid_at = now
    if status != order.status:
        move(order, status, cause=cause, now=now, stripe_event=stripe_event, allowed=BY_REFUND)
