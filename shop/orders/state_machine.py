"""Which status of an order may follow which. Every change goes through ``move``.

News of a payment may be late: it never changes an order that is paid, refunded or over.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache

from django.db import connection, transaction

from shop.core.compiled_sql import CompiledQuery, Parameter, Values
from shop.core.inserts import insert_statement
from shop.core.statements import run_together
from shop.orders.models import OPEN, OVER, ClaimOrigin, Order, OrderStatus, StatusChange

Status = OrderStatus

#: An open order becomes anything else that is open, paid, or over: a decline takes it back to
#: pending.
ALLOWED: dict[Status, frozenset[Status]] = {
    status: (OPEN | OVER | {Status.PAID}) - {status} for status in OPEN
}

#: By refunds. One that fails later (the card was closed) takes the order back to what its other
#: refunds make of it; an order that was paid late is over again then.
BY_REFUND: dict[Status, frozenset[Status]] = {
    Status.PAID: frozenset({Status.PARTIALLY_REFUNDED, Status.REFUNDED}),
    Status.PARTIALLY_REFUNDED: frozenset({Status.PAID, Status.REFUNDED}),
    Status.REFUNDED: frozenset({Status.PAID, Status.PARTIALLY_REFUNDED, *OVER}),
    **dict.fromkeys(OVER, frozenset({Status.REFUNDED})),
}


def locked(order: Order) -> Order:
    """The order, read anew, its row locked until the transaction ends."""
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
    """Change the status of a locked order and record the change; whether it changed.

    Where the order came from is forgotten as soon as it is paid or over.

    Response, webhook and reconcile bring news in any order: what is not allowed is old news.

    :raises TransactionManagementError: outside a transaction
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("A status changes in a transaction.")
    before = Status(order.status)
    if status not in allowed.get(before, ()):
        return False
    order.status = status
    if status is Status.PAID and order.paid_at is None:
        order.paid_at = now
    change = StatusChange(
        order=order,
        from_status=before,
        to_status=status,
        at=now,
        cause=cause,
        stripe_event=stripe_event,
    )
    values: Values = {"order": order.pk, "status": order.status, "paid_at": order.paid_at}
    statements = [_update_statement(connection.vendor).statement(values)]
    if before in OPEN and status not in OPEN:
        statements.append(_forget_statement(connection.vendor).statement({"order": order.pk}))
    run_together([*statements, insert_statement([change])])
    return True


@cache
def _update_statement(vendor: str) -> CompiledQuery:
    row = Order.objects.filter(pk=Parameter("order"))
    return CompiledQuery.update(row, status=Parameter("status"), paid_at=Parameter("paid_at"))


@cache
def _forget_statement(vendor: str) -> CompiledQuery:
    return CompiledQuery.delete(ClaimOrigin.objects.filter(order=Parameter("order")))
