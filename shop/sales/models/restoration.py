"""Restored backups: what the shop may have promised and forgotten, and what became of it."""

from django.db import models
from django.db.models import F, Q

from offers.terms import LIST
from shop.core.formatting import utc
from shop.sales.models.sale import Sale


class Restoration(models.Model):
    """The database was restored from a backup, and lacks what came after it.

    ``backup_at`` is the manifest's instant; None while the shop only noticed it, by an order
    that Stripe knows (``proof``). Checkout is closed until ``learned_at``, when Stripe's record
    was taken in. ``seen_until``: up to when, by Stripe's clock in seconds since 1970, payments
    of unknown orders were dealt with, and prove nothing new.
    """

    noticed_at = models.DateTimeField()
    proof = models.CharField(max_length=20, blank=True)
    backup_at = models.DateTimeField(null=True)
    learned_at = models.DateTimeField(null=True)
    seen_until = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(learned_at__isnull=True) | Q(backup_at__isnull=False),
                name="restoration_is_of_a_backup",
            )
        ]

    def __str__(self) -> str:
        return f"Restored, noticed at {utc(self.noticed_at)}"


class RestoredSale(models.Model):
    """A sale of which offers may be out that a restored database knows nothing of.

    ``sale`` None stands for list prices. The offers were issued in ``[issued_from,
    issued_before)``: from the backup on, until the restored shop had learned from Stripe.
    At list price, ``recalled_from`` and ``recalled_before`` are the stretch that is recalled;
    offers of a sale have a ``Recall``.
    """

    class Decision(models.TextChoices):
        UNDECIDED = "undecided"
        HONOR = "honor"
        RECALL = "recall"

    restoration = models.ForeignKey(Restoration, on_delete=models.CASCADE, related_name="sales")
    sale = models.ForeignKey(
        Sale, on_delete=models.CASCADE, null=True, related_name="restored_sales"
    )
    issued_from = models.DateTimeField()
    issued_before = models.DateTimeField()
    decision = models.CharField(max_length=10, choices=Decision, default=Decision.UNDECIDED)
    decided_at = models.DateTimeField(null=True)
    recalled_from = models.DateTimeField(null=True)
    recalled_before = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["restoration", "sale"], name="restored_sale_is_one"),
            models.UniqueConstraint(
                fields=["restoration"],
                condition=Q(sale__isnull=True),
                name="restored_list_prices_are_one",
            ),
            models.CheckConstraint(
                condition=Q(issued_before__gt=F("issued_from")),
                name="restored_sale_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(decision="undecided", decided_at__isnull=True)
                | Q(decision__in=["honor", "recall"], decided_at__isnull=False),
                name="restored_sale_is_decided_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.slug}: {self.decision}"

    @property
    def slug(self) -> str:
        """The sale's slug, or ``list``, as offers have it."""
        return self.sale.slug if self.sale else LIST
