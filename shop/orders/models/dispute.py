"""Disputes: a bank asks for the money of an order back."""

from collections.abc import Iterable
from typing import NamedTuple

from django.db import models
from django.db.models import Case, Q, Value, When

from shop.core.money import format_money
from shop.orders.models.order import Order


class DisputeOutcome(models.TextChoices):
    """How a dispute stands, for the shop's money."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"

    @classmethod
    def of(cls, status: str) -> "DisputeOutcome":
        """What one of Stripe's statuses means."""
        known = _STATUSES.get(status)
        return known.outcome if known else cls.OPEN

    @property
    def tag(self) -> str:
        """CSS class of its tag in the back office: blue for what is kept, red for the rest."""
        return "holds" if self is DisputeOutcome.WON else "runs-out"


class _StatusText(NamedTuple):
    """What one of Stripe's statuses means."""

    text: str
    outcome: DisputeOutcome = DisputeOutcome.OPEN


#: Stripe's statuses (docs.stripe.com/api/disputes/object). A ``warning`` is an inquiry: the bank
#: asks, and takes no money yet. One that is not here is open: nothing is decided by it.
_STATUSES = {
    "warning_needs_response": _StatusText("The bank asks about it, and waits for your answer"),
    "warning_under_review": _StatusText("The bank asked about it, and reads your answer"),
    "warning_closed": _StatusText("The bank’s question is closed", DisputeOutcome.WON),
    "needs_response": _StatusText("Open, and waits for your evidence"),
    "under_review": _StatusText("Open, and the bank reads your evidence"),
    "appeal_needs_response": _StatusText("Lost at first; the appeal waits for your evidence"),
    "appeal_under_review": _StatusText("Lost at first; the appeal is decided on"),
    "won": _StatusText("Won: the money is yours", DisputeOutcome.WON),
    "lost": _StatusText("Lost: the bank has the money back", DisputeOutcome.LOST),
    "prevented": _StatusText("Prevented before it cost anything", DisputeOutcome.WON),
}


def _statuses(outcome: DisputeOutcome) -> list[str]:
    return [status for status, each in _STATUSES.items() if each.outcome is outcome]


class Dispute(models.Model):
    """A dispute, beside its order's status, which it does not change. Amounts in minor units.

    ``status`` and ``reason`` are in Stripe's words; the database derives ``outcome`` from the
    status. ``amount`` is disputed: the whole charge or a part of it. What Stripe ``withdrew`` from
    its account with the shop and ``reinstated`` there, and the ``fee`` it kept, is in the currency
    of that account, ``account_currency``: empty while no money has moved. ``is_refundable``:
    whether Stripe still takes a refund of the payment, which spares the shop the dispute.
    """

    Outcome = DisputeOutcome

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="disputes")
    stripe_id = models.CharField(max_length=64, unique=True)
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=60)
    status = models.CharField(max_length=30)
    outcome = models.GeneratedField(
        expression=Case(
            When(status__in=_statuses(DisputeOutcome.LOST), then=Value("lost")),
            When(status__in=_statuses(DisputeOutcome.WON), then=Value("won")),
            default=Value("open"),
        ),
        output_field=models.CharField(max_length=4),
        db_persist=True,
    )
    opened_at = models.DateTimeField()
    respond_by = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    is_refundable = models.BooleanField(default=False)
    withdrawn = models.PositiveBigIntegerField(default=0)
    reinstated = models.PositiveBigIntegerField(default=0)
    fee = models.PositiveBigIntegerField(default=0)
    account_currency = models.CharField(max_length=3, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="dispute_is_positive"),
            models.CheckConstraint(
                condition=Q(outcome="open", closed_at__isnull=True)
                | (~Q(outcome="open") & Q(closed_at__isnull=False)),
                name="dispute_is_closed_when_decided",
            ),
            models.CheckConstraint(
                condition=~Q(account_currency="") | Q(withdrawn=0, reinstated=0, fee=0),
                name="dispute_money_has_a_currency",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order}: {self.reason}, {self.status}"

    @property
    def is_open(self) -> bool:
        """Whether nothing is decided yet."""
        return bool(self.outcome == DisputeOutcome.OPEN)

    @property
    def lost(self) -> int:
        """What the shop has lost by it."""
        return self.amount if self.outcome == DisputeOutcome.LOST else 0

    @property
    def amount_text(self) -> str:
        """The formatted amount."""
        return format_money(self.amount, self.currency)

    @property
    def status_text(self) -> str:
        """How it stands, in words."""
        known = _STATUSES.get(self.status)
        return known.text if known else f"Open: {self.status.replace('_', ' ')}"

    @property
    def reason_text(self) -> str:
        """Why the bank disputes it, in words."""
        return self.reason.replace("_", " ")


def worst_of(disputes: Iterable[Dispute]) -> DisputeOutcome | None:
    """How the disputes of an order stand, all in all; None if there are none.

    An open one comes first, as it needs an answer, and then a lost one.
    """
    outcomes = {DisputeOutcome(each.outcome) for each in disputes}
    by_weight = (DisputeOutcome.OPEN, DisputeOutcome.LOST, DisputeOutcome.WON)
    return next((each for each in by_weight if each in outcomes), None)
