"""The life of an order: which status may follow which. Every change goes through ``move``.

Two tables, because two things change an order. To a payment's news, which may
be late, the end of an order's life is the end: it never takes back a refund.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from shop.orders.models import OPEN, OVER, Order, OrderStatus, StatusChange

Status = OrderStatus

#: An open order becomes anything else that is open, paid, or over: a decline takes it back to
#: pending.
ALLOWED: dict[Status, frozenset[Status]] = {
    status: (OPEN | OVER | {Status.PAID}) - {status} for status in OPEN
}

#: What refunds make of it. One that fails after all (the card was closed) is money that is still
#: ours: the order goes back to what the others leave of it. An order that is over is refunded
#: only where a payment came for it all the same, and is over again where that refund fails.
BY_REFUND: dict[Status, frozenset[Status]] = {
    Status.PAID: frozenset({Status.PARTIALLY_REFUNDED, Status.REFUNDED}),
    Status.PARTIALLY_REFUNDED: frozenset({Status.PAID, Status.REFUNDED}),
    Status.REFUNDED: frozenset({Status.PAID, Status.PARTIALLY_REFUNDED, *OVER}),
    **dict.fromkeys(OVER, frozenset({Status.REFUNDED})),
}


def locked(order: Order) -> Order:
    """The order as its row says now, held until the transaction ends."""
    return Order.objects.select_for_update().get(pk=order.pk)


def move(
    order: Order,
    status: Status,
    *,
    cause: str,
    now: datetime,
    stripe_event: str = "",
    allowed: Mapping[Status, frozenset[Status]] = ALLOWED,
) -> bool:
    """Take a locked order to a status, and write it down.

    Whether it moved: response, webhook and reconcile may all bring the same
    news, in any order, and what is not allowed from here is old news.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("An order moves inside a transaction.")
    before = Status(order.status)
    if status not in allowed.get(before, ()):
        return False
    order.status = status
    if status is Status.PAID and order.paid_at is None:
        order.paid_at = now
    order.save(update_fields=["status", "paid_at"])
    StatusChange.objects.create(
        order=order,
        from_status=before,
        to_status=status,
        at=now,
        cause=cause,
        stripe_event=stripe_event,
    )
    return True
