"""Stripe's events, stored until they are processed."""

from django.db import models
from django.db.models import Q


class StripeEvent(models.Model):
    """A stored event of Stripe's; a second delivery does nothing once it was acted on.

    ``about`` holds the ids by which its object is retrieved, and nothing else. ``tries`` counts
    how often processing it raised an error; it is not tried again before ``next_try_at``, and not
    at all, but by hand, once it is set aside.
    """

    id = models.CharField(max_length=64, primary_key=True)
    type = models.CharField(max_length=64)
    about = models.JSONField(default=dict)
    received_at = models.DateTimeField()
    acted_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    next_try_at = models.DateTimeField(null=True)
    set_aside_at = models.DateTimeField(null=True)

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


#: Events that are tried no more, and that nobody has acted on.
IS_SET_ASIDE = Q(acted_at__isnull=True, set_aside_at__isnull=False)
