"""Refunds and their lines."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from shop.core.money import format_money
from shop.orders.models.order import GRACE, Order, OrderLine


class Refund(models.Model):
    """A refund of an order. Amounts in minor units.

    The row is created before Stripe is asked, with the idempotency key of the call, so that a
    retry after a crash makes no second refund. ``shipping`` is part of the amount. ``made_by`` is
    None where the shop refunded automatically, and for refunds made at Stripe, without lines.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="refunds")
    amount = models.PositiveBigIntegerField()
    shipping = models.PositiveBigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=200, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    made_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    problem = models.CharField(max_length=300, blank=True)
    idempotency_key = models.CharField(max_length=80, unique=True)
    stripe_id = models.CharField(max_length=64, blank=True)
    note_sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_is_positive"),
            models.CheckConstraint(
                condition=Q(shipping__gte=0, shipping__lte=F("amount")),
                name="refund_shipping_is_part_of_it",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "succeeded", "failed"]),
                name="refund_status_is_known",
            ),
            models.UniqueConstraint(
                fields=["stripe_id"],
                condition=~Q(stripe_id=""),
                name="refund_at_stripe_is_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order}: {self.amount_text} back"

    @property
    def amount_text(self) -> str:
        """The formatted amount."""
        return format_money(self.amount, self.currency)

    @property
    def is_at_stripe(self) -> bool:
        """Whether Stripe has accepted it."""
        return self.stripe_id != ""


class RefundLine(models.Model):
    """Refunded units of an order's line, and whether they are restocked."""

    refund = models.ForeignKey(Refund, on_delete=models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="refund_lines")
    quantity = models.PositiveIntegerField()
    restock = models.BooleanField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="refund_line_is_positive"),
            models.UniqueConstraint(
                fields=["refund", "order_line"], name="refund_line_once_a_refund"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.order_line.name}"


def stuck_refunds(now: datetime) -> QuerySet[Refund]:
    """Refunds that failed with none after them, and those that Stripe has not taken on in time."""
    later = Refund.objects.filter(order=OuterRef("order"), pk__gt=OuterRef("pk"))
    failed = Refund.objects.filter(status=Refund.Status.FAILED).exclude(Exists(later))
    unasked = Refund.objects.filter(
        status=Refund.Status.PENDING, stripe_id="", made_at__lt=now - GRACE
    )
    return (failed | unasked).select_related("order").order_by("-pk")
