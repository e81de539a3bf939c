"""The use of offers: redemptions, limits, and refusals."""

from django.db import models
from django.db.models import Q

from shop.core.formatting import utc
from shop.sales.models.sale import Deal


class Redemption(models.Model):
    """The use of an offer by an order; a constraint allows one at a time.

    It is released when the order lapses: the offer is good again while it is held.
    """

    jti = models.CharField(max_length=64)
    order_number = models.CharField(max_length=20, db_index=True)
    shopper = models.CharField(max_length=64)
    redeemed_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["jti"],
                condition=Q(released_at__isnull=True),
                name="offer_is_redeemed_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.jti} by {self.order_number}"


class LimitUse(models.Model):
    """Units of a deal that one shopper, mail address or card has in orders, by a keyed hash."""

    class Kind(models.TextChoices):
        SHOPPER = "shopper"
        EMAIL = "email"
        CARD = "card"

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="limit_uses")
    kind = models.CharField(max_length=10, choices=Kind)
    key = models.CharField(max_length=64)
    units = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deal", "kind", "key"], name="limit_use_is_one"),
            models.CheckConstraint(condition=Q(units__gte=0), name="limit_use_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.deal}: {self.units} by {self.kind}"


class RefusalCount(models.Model):
    """How often offers of a sale were refused with one verdict, in one minute.

    ``sale`` is a slug, ``list``, or ``-`` for no sale of ours: a forged offer adds no names.
    """

    sale = models.CharField(max_length=80)
    minute = models.DateTimeField()
    verdict = models.CharField(max_length=20)
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sale", "minute", "verdict"], name="refusal_count_is_one"
            ),
            models.CheckConstraint(condition=Q(count__gt=0), name="refusal_count_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.sale} at {utc(self.minute)}: {self.verdict} {self.count} times"
