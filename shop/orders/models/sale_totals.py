"""Running totals of a sale, by minute."""

from django.db import models

from shop.core.formatting import utc
from shop.sales.models import Sale


class SaleMinute(models.Model):
    """What was paid of a sale, of orders placed in one minute, in one currency.

    ``shop.orders.sale_totals`` writes it. ``shard`` spreads orders of a minute over rows, so that
    payments seldom wait for a lock. Amounts are of goods, in minor units; ``discount`` is what was
    saved against the reference price; ``late`` figures are those of lines ordered after the close;
    ``refunded`` is what went back by line, or is asked to.
    """

    sale = models.ForeignKey(Sale, on_delete=models.PROTECT, related_name="+")
    minute = models.DateTimeField()
    currency = models.CharField(max_length=3)
    shard = models.PositiveSmallIntegerField()
    orders = models.PositiveIntegerField()
    units = models.PositiveIntegerField()
    revenue = models.PositiveBigIntegerField()
    discount = models.PositiveBigIntegerField()
    late_orders = models.PositiveIntegerField()
    late_units = models.PositiveIntegerField()
    late_revenue = models.PositiveBigIntegerField()
    late_discount = models.PositiveBigIntegerField()
    refunded_units = models.PositiveIntegerField()
    refunded = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sale", "minute", "currency", "shard"], name="sale_minute_is_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sale} at {utc(self.minute)}: {self.orders} orders"
