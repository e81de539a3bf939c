"""The heartbeat of ``reconcile``: when it last ran, what failed, and how far it compared.

A row, not a file: it may run on another machine than who asks.
"""

from datetime import datetime, timedelta

from django.db import transaction

from shop.core.machine_clock import machine_time
from shop.orders.models import Order, ReconcileRound

#: After so long without a round, nobody settles what is left open.
STALE_AFTER = timedelta(minutes=5)
#: How much of the record is read again: clocks differ by seconds.
OVERLAP = timedelta(minutes=5)
#: How far back the record is read where no round tells: to an hour before the newest order; and
#: where there is none, so far.
BEFORE_NEWEST_ORDER = timedelta(hours=1)
FARTHEST = timedelta(days=30)


def last_round() -> ReconcileRound | None:
    """The last round of ``reconcile``; None where none has ended in this database."""
    return ReconcileRound.objects.first()


def is_stale(last: ReconcileRound | None, now: datetime) -> bool:
    """Whether ``reconcile`` should have run since."""
    return last is None or now - last.ended_at > STALE_AFTER


def record_read_since(last: ReconcileRound | None, now: datetime) -> datetime:
    """From when on Stripe's payments are compared with the order book, by Stripe's clock.

    A restored database reads from where it was saved: what it forgot is found.
    """
    if last is not None and last.record_read_until is not None:
        return last.record_read_until - OVERLAP
    newest = Order.objects.order_by("-pk").first()
    if newest is None:
        return machine_time() - FARTHEST
    # By its age: the shop's clock may be another than Stripe's.
    age = max(now - newest.placed_at, timedelta(0))
    return machine_time() - age - BEFORE_NEWEST_ORDER


def beat(
    last: ReconcileRound | None,
    *,
    started_at: datetime,
    ended_at: datetime,
    seconds: float,
    problems: list[str],
    record_read_until: datetime | None,
) -> ReconcileRound:
    """Store a round that has ended, in place of the last.

    :param last: the row when the round began: if it is another by now (a second process, or a
        database that was restored meanwhile), how far the record was read stays as it says
    :param record_read_until: how far this round read it; None where it did not
    """
    with transaction.atomic():
        row = ReconcileRound.objects.select_for_update().first()
        is_same = (row and row.record_read_until) == (last and last.record_read_until)
        if record_read_until is None or not is_same:
            record_read_until = row.record_read_until if row else None
        stored, _ = ReconcileRound.objects.update_or_create(
            id=1,
            defaults={
                "started_at": started_at,
                "ended_at": ended_at,
                "seconds": seconds,
                "problems": "\n".join(problems),
                "record_read_until": record_read_until,
            },
        )
    return stored
