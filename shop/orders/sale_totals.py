"""The figures of a sale, kept while it sells: what was paid, minute by minute.

They are written in the transaction that makes them true, so they are what a
count of all orders would say, and reading them costs the same however many
orders there are. Minutes are those in which orders were placed, in UTC.

* An order counts once it is paid, and from then on: a refund is counted apart.
* A payment that came when its order was over sold nothing, and is not counted.
* A payment at Stripe that went back by no line of ours is not counted as such.

No statement that takes stock, allocations or limits follows ``count_paid`` in
its transaction, and ``count_refund`` updates rows that ``count_paid`` made: no
claim waits for either.
"""

from datetime import datetime

from django.db import connection
from django.db.models import F, Sum

from shop.core.compiled_sql import adapt_value
from shop.orders.models import Order, Refund, SaleMinute

#: Rows that the orders of one minute are spread over.
SHARDS = 4

# One statement, and the ORM can set on a conflict and not add. Rows in the order of their keys,
# so that two orders of the same two sales wait for each other and never hang.
_COUNT_PAID = """
INSERT INTO checkout_saleminute (
  sale_id, minute, currency, shard, orders, units, revenue, discount,
  late_orders, late_units, late_revenue, late_discount, refunded_units, refunded
)
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
ON CONFLICT (sale_id, minute, currency, shard) DO UPDATE SET
  orders = checkout_saleminute.orders + excluded.orders,
  units = checkout_saleminute.units + excluded.units,
  revenue = checkout_saleminute.revenue + excluded.revenue,
  discount = checkout_saleminute.discount + excluded.discount,
  late_orders = checkout_saleminute.late_orders + excluded.late_orders,
  late_units = checkout_saleminute.late_units + excluded.late_units,
  late_revenue = checkout_saleminute.late_revenue + excluded.late_revenue,
  late_discount = checkout_saleminute.late_discount + excluded.late_discount
"""


def minute_of(instant: datetime) -> datetime:
    """The beginning of its minute."""
    return instant.replace(second=0, microsecond=0)


def count_paid(order: Order) -> None:
    """Count a locked order that has just become paid; the last statement of its transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT_PAID,
            {
                "order": order.pk,
                "minute": adapt_value(minute_of(order.placed_at)),
                "currency": order.currency,
                "shard": order.pk % SHARDS,
            },
        )


def count_refund(refund: Refund, *, has_failed: bool = False) -> None:
    """Count what goes back by a refund's lines; or, where it failed, that it does not."""
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
