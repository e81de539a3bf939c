"""Stripe's events, kept until they are acted on."""

from django.db import models
from django.db.models import Q


class StripeEvent(models.Model):
    """An event of Stripe's, taken in; a second delivery does nothing once it was acted on.

    ``about`` says by which ids what it is about is asked for, and nothing else.
    """

    id = models.CharField(max_length=64, primary_key=True)
    type = models.CharField(max_length=64)
    about = models.JSONField(default=dict)
    received_at = models.DateTimeField()
    acted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # Few are left at a time, however many there were.
            models.Index(
                fields=["received_at"],
                condition=Q(acted_at__isnull=True),
                name="stripe_event_left",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"
