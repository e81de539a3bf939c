"""Totals of a sale by minute: what was paid, and what was refunded.

Written in the transaction of the payment, they equal a count of all orders. Minutes are those in
which orders were placed, in UTC.

* An order counts from when it is paid on; refunds are counted apart, and only those of lines.
* A payment that came when its order was over sold nothing, and is not counted.

No statement that takes stock, allocations or limits follows ``count_paid`` in its transaction,
and ``count_refund`` updates rows that ``count_paid`` made: no claim waits for either.
"""

from datetime import datetime

from django.db.models import F, Sum

from shop.core.compiled_sql import adapt_value
from shop.core.upserts import add_selected_counts
from shop.orders.models import Order, Refund, SaleMinute

#: Rows that the orders of one minute are spread over.
SHARDS = 4

# Rows in the order of their keys, so that two orders of the same sales cannot deadlock.
_PAID = """
SELECT
  sale_id, %(minute)s, %(currency)s, %(shard)s, 1, SUM(quantity), SUM(quantity * amount),
  SUM(quantity * saved), MAX(late), SUM(late * quantity), SUM(late * quantity * amount),
  SUM(late * quantity * saved), 0, 0
FROM (
  SELECT
    deal.sale_id, line.quantity, line.amount,
    CASE WHEN line.was > line.amount THEN line.was - line.amount ELSE 0 END AS saved,
    CASE WHEN line.seconds_late IS NULL THEN 0 ELSE 1 END AS late
  FROM checkout_orderline AS line JOIN sales_deal AS deal ON deal.id = line.deal_id
  WHERE line.order_id = %(order)s
) AS sold
WHERE true
GROUP BY sale_id ORDER BY sale_id
"""


def minute_of(instant: datetime) -> datetime:
    """The beginning of its minute."""
    return instant.replace(second=0, microsecond=0)


def count_paid(order: Order) -> None:
    """Count a locked order that has just become paid; the last statement of its transaction."""
    values = {
        "order": order.pk,
        "minute": adapt_value(minute_of(order.placed_at)),
        "currency": order.currency,
        "shard": order.pk % SHARDS,
    }
    add_selected_counts(SaleMinute, _PAID, values)


def count_refund(refund: Refund, *, has_failed: bool = False) -> None:
    """Count the lines of a refund; or, if it has failed, take them back out of the count."""
    order, sign = refund.order, -1 if has_failed else 1
    back = (
        refund.lines.filter(order_line__deal__isnull=False)
        .order_by("order_line__deal__sale")
        .values_list("order_line__deal__sale")
        .annotate(units=Sum("quantity"), amount=Sum(F("quantity") * F("order_line__amount")))
    )
    for sale, units, amount in back:
        SaleMinute.objects.filter(
            sale=sale,
            minute=minute_of(order.placed_at),
            currency=order.currency,
            shard=order.pk % SHARDS,
        ).update(
            refunded_units=F("refunded_units") + sign * units,
            refunded=F("refunded") + sign * amount,
        )
