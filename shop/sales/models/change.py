"""What was done to a sale: extensions, recalls, and the audit log of its other changes."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from shop.sales.models.sale import LONGEST_HOLD_SECONDS, Deal, Sale
from shop.staff.models import Staff


class Extension(models.Model):
    """A longer hold for the offers of a sale issued before an instant; never undone."""

    sale = models.ForeignKey(Sale, on_delete=models.PROTECT, related_name="extensions")
    issued_before = models.DateTimeField()
    seconds = models.PositiveIntegerField()
    reason = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["made_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(seconds__gte=1, seconds__lte=LONGEST_HOLD_SECONDS),
                name="extension_is_sane",
            )
        ]

    def __str__(self) -> str:
        return f"{self.sale}: {self.seconds} s more"


class Recall(models.Model):
    """A recall of the offers of a sale or one of its deals that were issued in a stretch of time.

    ``issued_from`` is a whole second, None: from the first offer on. ``issued_before`` None: up to
    every offer that was out when it was made. Such a recall replaces a nonce: the sale's, or the
    deal's. ``replaced_nonce`` is the one before, by which older offers are known.
    """

    sale = models.ForeignKey(Sale, on_delete=models.PROTECT, related_name="recalls")
    deal = models.ForeignKey(
        Deal, on_delete=models.PROTECT, null=True, blank=True, related_name="recalls"
    )
    issued_from = models.DateTimeField(null=True, blank=True)
    issued_before = models.DateTimeField(null=True, blank=True)
    replaced_nonce = models.CharField(max_length=22, blank=True, editable=False)
    reason = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["made_at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(issued_from__gte=F("issued_before")),
                name="recall_ends_after_it_begins",
            ),
            # Either it has an end or it replaced a nonce; of old ones without either it is unknown.
            models.CheckConstraint(
                condition=Q(issued_before__isnull=False, replaced_nonce="")
                | Q(issued_before__isnull=True) & ~Q(replaced_nonce="", issued_from__isnull=False),
                name="recall_ends_or_replaced_a_nonce",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deal or self.sale}: {self.reason}"

    def clean(self) -> None:
        """:raises ValidationError: it ends before it begins, or reaches offers yet to be made"""
        for name in ("issued_from", "issued_before"):
            if (instant := getattr(self, name)) is not None and instant > self.made_at:
                raise ValidationError({name: "That is still to come: nothing was shown then."})
        if self.issued_from and self.issued_before and self.issued_before <= self.issued_from:
            raise ValidationError({"issued_before": "The stretch has to end after it begins."})


class Change(models.Model):
    """An entry of the audit log: a field of a sale or of one of its deals was changed.

    ``before`` and ``after`` are JSON (``audit.as_json``). A deal that was added or deleted is
    a change of the field ``deal``, from or to None, whose value is the product's sku. An
    acknowledged warning of a sense check is one of ``warning``: its key and its text.
    """

    sale = models.ForeignKey(Sale, on_delete=models.CASCADE, related_name="changes")
    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, null=True, related_name="changes")
    field = models.CharField(max_length=40)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["made_at", "id"]
        # The bag asks what was changed lately, however much was before.
        indexes = [models.Index(fields=["sale", "field", "made_at"], name="sales_change_lately")]

    def __str__(self) -> str:
        return f"{self.deal or self.sale}: {self.field} {self.before} → {self.after}"
