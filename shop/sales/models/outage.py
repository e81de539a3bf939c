"""Stretches of time in which checkout was away."""

from django.db import models
from django.db.models import F, Q


class Outage(models.Model):
    """A stretch of time, ``[began_at, ended_at)``, in which a process could take no order.

    Each process writes its own once it is over, so rows overlap: ``shop.sales.outages`` merges
    them. Rows are deleted when they are 90 days old.
    """

    class Cause(models.TextChoices):
        SHOP = "shop", "the shop's own: its database, or too many requests"
        STRIPE = "stripe", "Stripe did not answer"

    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(db_index=True)
    cause = models.CharField(max_length=10, choices=Cause)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at__gt=F("began_at")), name="outage_ends_after_it_begins"
            )
        ]

    def __str__(self) -> str:
        return f"{self.began_at} to {self.ended_at}: {self.cause}"
