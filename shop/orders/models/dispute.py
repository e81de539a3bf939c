"""Chargebacks: a bank asks for the money back."""

from django.db import models

from shop.orders.models.order import Order


class Dispute(models.Model):
    """A chargeback of an order; ``status`` and ``reason`` in Stripe's words."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="disputes")
    stripe_id = models.CharField(max_length=64, unique=True)
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=60)
    status = models.CharField(max_length=30)
    opened_at = models.DateTimeField()
    respond_by = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.order}: {self.reason}, {self.status}"
