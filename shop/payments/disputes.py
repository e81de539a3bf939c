"""Disputes: recorded as Stripe has them, whichever events came, and in whatever order.

The merchant answers a dispute at Stripe. It stands beside its order's status, which it does not
change: goods that were sold stay sold.
"""

import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from itertools import batched
from typing import Any, Self

import stripe
from django.db import transaction

from shop.core.machine_clock import unix_seconds
from shop.orders.models import Dispute, DisputeOutcome, Order
from shop.payments.stripe_amounts import from_stripe_amount
from shop.payments.stripe_client import client

logger = logging.getLogger(__name__)

#: How far back disputes are listed, in seconds. A bank may take 540 days to open one.
LISTED_SECONDS = 540 * 24 * 3600
#: How much of the list is read again, in seconds.
OVERLAP_SECONDS = 3600
#: How often Stripe is asked anew because somebody else recorded an answer meanwhile.
MOST_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeFacts:
    """What Stripe decides of a dispute: fields of its row. Amounts in our minor units."""

    amount: int
    currency: str
    reason: str
    status: str
    respond_by: datetime | None
    is_refundable: bool
    withdrawn: int
    reinstated: int
    fee: int
    account_currency: str

    @classmethod
    def of_row(cls, row: Dispute) -> Self:
        """As they are stored."""
        return cls(**{field.name: getattr(row, field.name) for field in fields(cls)})

    @classmethod
    def of_answer(cls, answer: stripe.Dispute) -> Self:
        """As Stripe tells them."""
        currency, due_by = answer.currency.upper(), answer.evidence_details.due_by
        return cls(
            amount=from_stripe_amount(answer.amount, currency),
            currency=currency,
            reason=answer.reason,
            status=answer.status,
            respond_by=datetime.fromtimestamp(due_by, UTC) if due_by else None,
            is_refundable=answer.is_charge_refundable,
            **_moved_money(answer),
        )


def refresh(order: Order, stripe_id: str, now: datetime) -> bool:
    """Ask Stripe for a dispute of an order, and record it.

    Of two that ask at once one may come back with the older answer: who finds the row changed asks
    again.

    :returns: whether it is recorded; False where others were faster each time
    :raises stripe.StripeError: Stripe cannot be asked
    """
    for _ in range(MOST_TRIES):
        row = Dispute.objects.filter(stripe_id=stripe_id).first()
        before = DisputeFacts.of_row(row) if row else None
        if _record(order, client().v1.disputes.retrieve(stripe_id), before, now):
            return True
    return False


def find(now: datetime, *, since: float | None = None) -> float:
    """Record the disputes in Stripe's list that no event told of; a call for every hundred.

    :param since: when this was done last, in seconds since 1970; None for never: then the open
        disputes that the list does not reach are asked for, too
    :returns: when it was done now
    :raises stripe.StripeError: Stripe cannot be asked
    """
    started = unix_seconds()
    first = started - LISTED_SECONDS if since is None else since - OVERLAP_SECONDS
    pages = client().v1.disputes.list({"created": {"gte": int(first)}, "limit": 100})
    seen: set[str] = set()
    for some in batched(pages.auto_paging_iter(), 100, strict=False):
        seen |= {answer.id for answer in some}
        for order, answer in unrecorded(some):
            logger.info("No event told of dispute %s as it is", answer.id)
            refresh(order, answer.id, now)
    if since is None:
        left = Dispute.objects.filter(outcome=DisputeOutcome.OPEN).exclude(stripe_id__in=seen)
        for dispute in left.select_related("order"):
            refresh(dispute.order, dispute.stripe_id, now)
    return started


def unrecorded(answers: Iterable[stripe.Dispute]) -> list[tuple[Order, stripe.Dispute]]:
    """Disputes of our orders that are not recorded, or not as they are; two queries."""
    by_id = {answer.id: answer for answer in answers if answer.payment_intent}
    stored = Dispute.objects.in_bulk(list(by_id), field_name="stripe_id")
    payments = [str(answer.payment_intent) for answer in by_id.values()]
    orders = {row.payment_intent: row for row in Order.objects.filter(payment_intent__in=payments)}
    return [
        (orders[str(answer.payment_intent)], answer)
        for stripe_id, answer in by_id.items()
        if str(answer.payment_intent) in orders
        and (
            stripe_id not in stored
            or DisputeFacts.of_row(stored[stripe_id]) != DisputeFacts.of_answer(answer)
        )
    ]


def _record(
    order: Order, answer: stripe.Dispute, before: DisputeFacts | None, now: datetime
) -> bool:
    """Record an answer, if the row is still as it was when the question was asked."""
    facts = asdict(DisputeFacts.of_answer(answer))
    with transaction.atomic():
        row = Dispute.objects.select_for_update().filter(stripe_id=answer.id).first()
        if (DisputeFacts.of_row(row) if row else None) != before:
            return False
        closed_at = None
        # An appeal opens it again.
        if DisputeOutcome.of(answer.status) is not DisputeOutcome.OPEN:
            closed_at = (row and row.closed_at) or now
        if row is None:
            times = {"opened_at": now, "closed_at": closed_at}
            _, is_new = Dispute.objects.get_or_create(
                stripe_id=answer.id, defaults={"order": order, **times, **facts}
            )
            return is_new
        for name, value in (*facts.items(), ("closed_at", closed_at)):
            setattr(row, name, value)
        row.save(update_fields=[*facts, "closed_at"])
    return True


def _moved_money(answer: stripe.Dispute) -> dict[str, Any]:
    """What moved on Stripe's account with the shop, its fee apart."""
    moved = answer.balance_transactions
    currency = moved[0].currency.upper() if moved else ""

    def total(amounts: Iterable[int]) -> int:
        return from_stripe_amount(max(0, sum(amounts)), currency) if currency else 0

    return {
        "withdrawn": total(-each.amount for each in moved if each.amount < 0),
        "reinstated": total(each.amount for each in moved if each.amount > 0),
        # A dispute that is won may give it back.
        "fee": total(each.fee for each in moved),
        "account_currency": currency,
    }
