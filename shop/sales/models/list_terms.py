"""The settings by which offers at list price were made."""

from django.db import models
from django.db.models import Q

from shop.core.formatting import utc


class ListTerms(models.Model):
    """Hold and limit of offers at list price from an instant on, as the settings had them.

    A process that starts with others than the last ones writes a row, so that what was promised
    before stays honored. It is kept for good: there is one for each change of two settings.
    """

    since = models.DateTimeField()
    hold_seconds = models.PositiveIntegerField()
    max_per_shopper = models.PositiveIntegerField()

    class Meta:
        ordering = ["since", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(hold_seconds__gte=1, max_per_shopper__gte=1),
                name="list_terms_are_positive",
            )
        ]

    def __str__(self) -> str:
        return f"{self.hold_seconds} s and {self.max_per_shopper} units since {utc(self.since)}"
