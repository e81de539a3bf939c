"""The life of an order: which status may follow which. Every change goes through ``move``."""

from datetime import datetime

from django.db import transaction

from shop.checkout.models import Order, StatusChange

Status = Order.Status

#: A decline takes an order back to pending; nothing takes it back from the end of its life.
ALLOWED: dict[Status, frozenset[Status]] = {
    Status.PENDING: frozenset(
        {
            Status.REQUIRES_ACTION,
            Status.PROCESSING,
            Status.PAID,
            Status.FAILED,
            Status.CANCELED,
            Status.EXPIRED,
        }
    ),
    Status.REQUIRES_ACTION: frozenset(
        {
            Status.PENDING,
            Status.PROCESSING,
            Status.PAID,
            Status.FAILED,
            Status.CANCELED,
            Status.EXPIRED,
        }
    ),
    Status.PROCESSING: frozenset(
        {
            Status.PENDING,
            Status.REQUIRES_ACTION,
            Status.PAID,
            Status.FAILED,
            Status.CANCELED,
            Status.EXPIRED,
        }
    ),
    Status.PAID: frozenset({Status.REFUNDED, Status.PARTIALLY_REFUNDED}),
    Status.PARTIALLY_REFUNDED: frozenset({Status.REFUNDED}),
    Status.REFUNDED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELED: frozenset(),
    Status.EXPIRED: frozenset(),
}


def locked(order: Order) -> Order:
    """The order as its row says now, held until the transaction ends."""
    return Order.objects.select_for_update().get(pk=order.pk)


def move(
    order: Order, status: Status, *, cause: str, now: datetime, stripe_event: str = ""
) -> bool:
    """Take a locked order to a status, and write it down.

    Whether it moved: response, webhook and reconcile may all bring the same
    news, in any order, and what is not allowed from here is old news.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("An order moves inside a transaction.")
    before = Status(order.status)
    if status not in ALLOWED[before]:
        return False
    order.status = status
    if status is Status.PAID:
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
