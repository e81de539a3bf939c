"""The timeline of an order: what happened, when, by whom and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType

from shop.orders.models import RESTORED, Dispute, Order, Refund, StatusChange

_SHOP = "the shop"
#: Who changed the status, by the recorded cause.
_WHO = {
    "placed": "the shopper",
    "checkout": "the shopper",
    "shopper": "the shopper",
    "declined": "the shopper",
    "order page": "Stripe, asked for the order’s page",
    "reconcile": "Stripe, asked by reconcile",
    "lapsed": _SHOP,
    RESTORED: "Stripe, asked after a backup was restored",
}


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """Something that happened to an order; ``is_bad``: it needs attention."""

    at: datetime
    what: str
    who: str = ""
    why: str = ""
    is_bad: bool = False


def timeline(order: Order) -> list[TimelineEntry]:
    """All that happened to an order, the oldest first."""
    entries = [
        *_of_status(order),
        *_of_mails(order),
        *(entry for refund in order.refunds.all() for entry in _of_refund(refund)),
        *(entry for dispute in order.disputes.all() for entry in _of_dispute(dispute)),
        *_of_staff(order),
    ]
    # The sort is stable: entries of one instant stay in the order above.
    return sorted(entries, key=lambda each: each.at)


def _of_status(order: Order) -> Iterator[TimelineEntry]:
    changes: list[StatusChange] = list(order.history.all())
    if not any(each.from_status == "" for each in changes):
        yield TimelineEntry(order.placed_at, "Ordered", "the shopper")
    for each in changes:
        status = Order.Status(each.to_status)
        what = status.texts.event
        if each.from_status == "" and status == Order.Status.PENDING:
            what = "Ordered"
        elif status == Order.Status.PAID and each.from_status.endswith("refunded"):
            what = "Paid, since a refund failed"
        why = each.cause if each.cause not in _WHO else ""
        if status == Order.Status.PENDING and order.decline_message and each.from_status:
            why = order.decline_message
        who = _WHO.get(each.cause, "Stripe" if each.stripe_event else each.cause)
        yield TimelineEntry(each.at, what, who, why if who != why else "")


def _of_mails(order: Order) -> Iterator[TimelineEntry]:
    if order.receipt_sent_at:
        yield TimelineEntry(
            order.receipt_sent_at, f"The receipt was mailed to {order.email}", _SHOP
        )


def _of_refund(refund: Refund) -> Iterator[TimelineEntry]:
    has_failed = refund.status == Refund.Status.FAILED
    who = str(refund.made_by or _SHOP)
    units = ", ".join(
        f"{each} ({'into stock' if each.restock else 'written off'})" for each in refund.lines.all()
    )
    what = f"Refund of {refund.amount_text}"
    if units:
        what = f"{what}: {units}"
    if has_failed:
        what = f"{what}. It failed, and nothing went back: {refund.problem.rstrip('.')}"
    elif refund.status == Refund.Status.PENDING:
        what = f"{what}. It is on its way"
    yield TimelineEntry(refund.made_at, what, who, refund.reason, is_bad=has_failed)
    if refund.note_sent_at:
        yield TimelineEntry(
            refund.note_sent_at, f"A mail told of the {refund.amount_text} back", _SHOP
        )


def _of_dispute(dispute: Dispute) -> Iterator[TimelineEntry]:
    yield TimelineEntry(
        dispute.opened_at,
        f"The bank disputes {dispute.amount_text} of the payment",
        "the shopper’s bank",
        dispute.reason_text,
        is_bad=dispute.is_open,
    )
    if dispute.closed_at:
        is_bad = dispute.outcome == Dispute.Outcome.LOST
        what = f"The dispute of {dispute.amount_text} is over. {dispute.status_text}"
        yield TimelineEntry(dispute.closed_at, what, "Stripe", is_bad=is_bad)


def _of_staff(order: Order) -> Iterator[TimelineEntry]:
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Order), object_id=str(order.pk)
    ).select_related("user")
    for entry in entries:
        # Refunds have entries of their own.
        if entry.change_message.startswith("Receipt"):
            yield TimelineEntry(
                entry.action_time, entry.get_change_message().rstrip("."), str(entry.user)
            )
