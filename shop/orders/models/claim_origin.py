"""From which network an unpaid order came."""

from django.db import models
from django.db.models import Q

from shop.orders.models.order import Order


class ClaimOrigin(models.Model):
    """The network of an order that may still be paid, as a keyed hash; deleted with its claim.

    ``counts_from`` is when its units begin to count as kept without paying: when its first attempt
    to pay failed, or a minute after it was placed.
    """

    order = models.OneToOneField(
        Order, on_delete=models.CASCADE, primary_key=True, related_name="origin"
    )
    network = models.CharField(max_length=64)
    counts_from = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["network", "counts_from"], name="claim_origin_by_network")]
        constraints = [
            models.CheckConstraint(condition=~Q(network=""), name="claim_origin_has_a_network")
        ]

    def __str__(self) -> str:
        return f"{self.order} from {self.network[:6]}"
