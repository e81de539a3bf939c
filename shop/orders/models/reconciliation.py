"""Rounds of ``reconcile``, and where Stripe's record and the order book disagree."""

from django.db import models
from django.db.models import Q

from shop.core.formatting import utc
from shop.core.money import format_money


class ReconcileRound(models.Model):
    """The last round of ``reconcile``, in one row that each round replaces.

    ``problems`` names the steps that failed, with the class of their error, a line each.
    ``record_read_until`` is how far Stripe's payments were compared with the order book, by
    Stripe's clock. A database that is restored has both as they were: what happened since is
    compared again.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    seconds = models.FloatField()
    problems = models.TextField(blank=True)
    record_read_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="reconcile_round_is_the_last"),
        ]

    def __str__(self) -> str:
        return f"Reconciled until {utc(self.ended_at)}"


class DiscrepancyKind(models.TextChoices):
    """What Stripe and the order book disagree on."""

    NO_ORDER = "no_order", "Stripe has a payment that belongs to no order"
    NOT_PAID = "not_paid", "An order counts as paid, and Stripe has no such payment"


class PaymentDiscrepancy(models.Model):
    """A payment of which Stripe's record and the order book say different things.

    ``amount`` is in minor units. It is resolved when both agree again, or the money went back.
    """

    Kind = DiscrepancyKind

    kind = models.CharField(max_length=10, choices=Kind)
    payment_intent = models.CharField(max_length=64)
    order_number = models.CharField(max_length=20)
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    found_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["payment_intent", "kind"], name="payment_discrepancy_is_one"
            ),
        ]
        indexes = [
            models.Index(
                fields=["found_at"],
                condition=Q(resolved_at__isnull=True),
                name="payment_discrepancy_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_number}: {self.kind}"

    @property
    def amount_text(self) -> str:
        """The formatted amount."""
        return format_money(self.amount, self.currency)


#: Discrepancies that somebody has to look at.
UNRESOLVED = Q(resolved_at__isnull=True)
