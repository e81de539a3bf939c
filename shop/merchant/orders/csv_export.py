"""Orders as streamed CSV, a row each: money in major units, instants in ISO 8601 in UTC.

A thousand orders at a time are in memory; no query stays open while a slow client reads.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal

from django.db.models import Prefetch, QuerySet

from shop.core.csv_cells import SafeWriter
from shop.core.formatting import utc
from shop.core.money import major_units
from shop.orders.models import Order, OrderLine, Refund, worst_of

_ROWS_AT_ONCE = 1000


def _money(amount: int, order: Order) -> Decimal:
    return major_units(amount, order.currency)


def _instant(at: datetime | None) -> str:
    return utc(at) if at else ""


def _refunded(order: Order) -> int:
    return sum(each.amount for each in order.refunds.all() if each.status != Refund.Status.FAILED)


def _dispute(order: Order) -> str:
    """``open``, ``lost`` or ``won``; of several the one that matters most."""
    return worst_of(order.disputes.all()) or ""


def _disputed(order: Order) -> int:
    return sum(dispute.amount for dispute in order.disputes.all())


def _lost(order: Order) -> int:
    return sum(dispute.lost for dispute in order.disputes.all())


def _items(order: Order) -> str:
    return "; ".join(f"{line.quantity} x {line.sku}" for line in order.lines.all())


def _sales(order: Order) -> str:
    slugs = (line.deal.sale.slug for line in order.lines.all() if line.deal)
    return "; ".join(dict.fromkeys(slugs))


COLUMNS: dict[str, Callable[[Order], str | Decimal]] = {
    "number": lambda order: order.number,
    "status": lambda order: order.status,
    "placed_at": lambda order: _instant(order.placed_at),
    "paid_at": lambda order: _instant(order.paid_at),
    "sales": _sales,
    "items": _items,
    "currency": lambda order: order.currency,
    "subtotal": lambda order: _money(order.subtotal, order),
    "shipping": lambda order: _money(order.charge.shipping, order),
    "added_tax": lambda order: _money(order.charge.added_tax, order),
    "total": lambda order: _money(order.total, order),
    "refunded": lambda order: _money(_refunded(order), order),
    "dispute": _dispute,
    "disputed": lambda order: _money(_disputed(order), order),
    "lost_to_disputes": lambda order: _money(_lost(order), order),
    "email": lambda order: order.email,
    "name": lambda order: order.name,
    "line1": lambda order: order.line1,
    "line2": lambda order: order.line2,
    "postal_code": lambda order: order.postal_code,
    "city": lambda order: order.city,
    "state": lambda order: order.state,
    "country": lambda order: order.country,
    "payment_intent": lambda order: order.payment_intent,
}


class _Line:
    """A file whose ``write`` returns the text."""

    def write(self, text: str) -> str:
        return text


def orders_as_csv(orders: QuerySet[Order]) -> Iterator[str]:
    """The lines of the file: its head, then the orders, the newest first."""
    writer = SafeWriter(_Line())
    yield writer.write(COLUMNS)
    for order in _in_batches(orders):
        yield writer.write(column(order) for column in COLUMNS.values())


def _in_batches(orders: QuerySet[Order]) -> Iterator[Order]:
    below: dict[str, int] = {}
    while True:
        batch = list(
            orders.filter(**below)
            .order_by("-pk")
            .prefetch_related(
                # The signed offers are long, and not in the file.
                Prefetch("lines", OrderLine.objects.defer("offer").prefetch_related("deal__sale")),
                "charges",
                "refunds",
                "disputes",
            )[:_ROWS_AT_ONCE]
        )
        yield from batch
        if len(batch) < _ROWS_AT_ONCE:
            return
        below = {"pk__lt": batch[-1].pk}
