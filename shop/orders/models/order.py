"""Orders, their lines and charges, and the history of their status."""

from datetime import datetime, timedelta
from functools import cached_property

from django.db import models
from django.db.models import F, Q

from shop.catalog.models import Variant
from shop.core.money import format_money
from shop.core.typed.addresses import address_lines
from shop.orders.charge import Charge, ChargeKind, ChargeLine
from shop.orders.models.order_status import (
    CANCELABLE,
    HAS_GOODS,
    IS_OPEN,
    OPEN,
    OVER,
    OrderStatus,
)
from shop.sales.models import Deal

#: The cause of changes that Stripe's record was asked for after the database was restored.
RESTORED = "restored"


class Order(models.Model):
    """One purchase, from the claim on. Amounts in minor units.

    ``subtotal`` sums its lines; ``added`` its charges that are not in the prices already.
    ``lapses_at`` is when it gives back what it claimed, unless paid. ``payment_round`` counts its
    PaymentIntents: another is made for another card while a bank's page is open, or where Stripe
    failed. ``cancel_asked_at`` is when its shopper canceled it, which Stripe has to confirm.
    """

    Status = OrderStatus

    number = models.CharField(max_length=20, unique=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.PENDING)
    shopper = models.CharField(max_length=64, db_index=True)

    email = models.EmailField()
    name = models.CharField(max_length=120)
    line1 = models.CharField(max_length=120)
    line2 = models.CharField(max_length=120, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    city = models.CharField(max_length=80)
    state = models.CharField(max_length=80, blank=True, default="", db_default="")
    country = models.CharField(max_length=2)

    currency = models.CharField(max_length=3)
    subtotal = models.PositiveBigIntegerField()
    added = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField()

    placed_at = models.DateTimeField()
    lapses_at = models.DateTimeField()
    cancel_asked_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    receipt_sent_at = models.DateTimeField(null=True)

    payment_intent = models.CharField(max_length=64, blank=True, db_index=True)
    payment_round = models.PositiveSmallIntegerField(default=1)
    confirmation_token = models.CharField(max_length=64, blank=True)
    card_key = models.CharField(max_length=64, blank=True)
    decline_message = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-placed_at", "-id"]
        permissions = [
            ("send_receipt", "Can mail a receipt once more"),
            ("export_order", "Can take orders out as a file"),
        ]
        indexes = [
            # Few are open at a time, however many there are.
            models.Index(fields=["lapses_at"], condition=IS_OPEN, name="order_open_by_lapse"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(total=F("subtotal") + F("added")), name="order_total_is_the_sum"
            ),
            models.CheckConstraint(condition=Q(total__gt=0), name="order_total_is_positive"),
            models.CheckConstraint(
                condition=~Q(status__in=["paid", "refunded", "partially_refunded"])
                | Q(paid_at__isnull=False),
                name="order_paid_has_instant",
            ),
            models.UniqueConstraint(
                fields=["payment_intent"],
                condition=~Q(payment_intent=""),
                name="order_has_its_own_payment",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_open(self) -> bool:
        """Whether it may still be paid, and keeps its claim."""
        return self.status in OPEN

    @property
    def is_cancel_asked(self) -> bool:
        """Whether its shopper has canceled it, and Stripe has not confirmed that yet."""
        return self.is_open and self.cancel_asked_at is not None

    def is_due(self, now: datetime) -> bool:
        """Whether it has to end unpaid: its time to pay is over, or its shopper has canceled it."""
        return self.is_open and (self.lapses_at <= now or self.is_cancel_asked)

    @property
    def is_over(self) -> bool:
        """Whether it ended unpaid, and its claim is released."""
        return self.status in OVER

    @property
    def is_rebuilt(self) -> bool:
        """Whether a restored database had forgotten it, and it was made again from its payment."""
        return self.history.filter(from_status="", cause=RESTORED).exists()

    @property
    def address_lines(self) -> list[str]:
        """Who gets it and where, as the country writes an address."""
        names = ("name", "line1", "line2", "postal_code", "city", "state")
        return address_lines(self.country, {name: getattr(self, name) for name in names})

    @property
    def total_text(self) -> str:
        """The formatted total."""
        return format_money(self.total, self.currency)

    @cached_property
    def charge(self) -> Charge:
        """The whole charge, as it was when the order was placed."""
        lines = tuple(each.as_line for each in self.charges.all())
        return Charge(self.subtotal, lines, self.currency)


class OrderLine(models.Model):
    """Units of one variant at one frozen price, with the signed offer as evidence.

    ``amount`` and ``was`` are unit prices in minor units. A refund that fails later lowers the
    units ``refunded``, not those ``restocked``. ``seconds_late``: whole seconds from the sale's
    close, wherever that moves later, to the order; None within the window. ``kept``: the signed
    message that kept the price past its hold (``kept_prices``); empty where none was needed.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, null=True, related_name="+")
    sku = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    quantity = models.PositiveIntegerField()
    amount = models.PositiveBigIntegerField()
    was = models.PositiveBigIntegerField()
    jti = models.CharField(max_length=64, db_index=True)
    offer = models.TextField()
    kept = models.TextField(blank=True, default="", db_default="")
    seconds_late = models.PositiveIntegerField(null=True)
    refunded = models.PositiveIntegerField(default=0)
    restocked = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0, amount__gt=0), name="order_line_is_positive"
            ),
            models.CheckConstraint(
                condition=Q(refunded__gte=0, refunded__lte=F("quantity"))
                & Q(restocked__gte=0, restocked__lte=F("quantity")),
                name="order_line_refunds_what_was_bought",
            ),
            models.UniqueConstraint(
                fields=["order", "jti", "variant"], name="order_line_variant_once_an_offer"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"

    @property
    def total(self) -> int:
        """The sum of the line, in minor units."""
        return self.quantity * self.amount

    @property
    def refundable(self) -> int:
        """Units that can still be refunded."""
        return self.quantity - self.refunded


class OrderCharge(models.Model):
    """A charge line of an order (never of 0): shipping, or a tax, with its rate."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="charges")
    kind = models.CharField(max_length=10, choices=ChargeKind)
    label = models.CharField(max_length=60)
    amount = models.PositiveBigIntegerField()
    is_included = models.BooleanField(default=False)
    percent = models.DecimalField(max_digits=6, decimal_places=3, null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="order_charge_is_positive"),
            models.CheckConstraint(
                condition=Q(kind=ChargeKind.TAX)
                | Q(kind=ChargeKind.SHIPPING, is_included=False, percent__isnull=True),
                name="order_charge_in_prices_is_a_tax",
            ),
        ]

    def __str__(self) -> str:
        return self.as_line.text

    @property
    def as_line(self) -> ChargeLine:
        """The charge line of this row."""
        return ChargeLine(
            ChargeKind(self.kind), self.label, self.amount, self.is_included, self.percent
        )


class StatusChange(models.Model):
    """A change of an order's status, with its instant and cause."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="history")
    from_status = models.CharField(max_length=20, blank=True)
    to_status = models.CharField(max_length=20)
    at = models.DateTimeField()
    cause = models.CharField(max_length=60)
    stripe_event = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.order}: {self.from_status} → {self.to_status}"

    @property
    def text(self) -> str:
        """The step in words for the shopper."""
        before, after = self.from_status, OrderStatus(self.to_status)
        if not before:
            return "Ordered"
        was_partial = before == OrderStatus.PARTIALLY_REFUNDED
        if before == OrderStatus.REFUNDED or (was_partial and after is OrderStatus.PAID):
            return "A refund failed"
        return after.texts.step


#: How long something may be overdue before staff are alerted.
GRACE = timedelta(minutes=5)


def overdue(now: datetime) -> Q:
    """Orders that are unpaid and should have lapsed by now."""
    return Q(status__in=CANCELABLE, lapses_at__lt=now - GRACE)


def unsent(now: datetime) -> Q:
    """Orders whose receipt should have been mailed by now."""
    return Q(status__in=HAS_GOODS, receipt_sent_at=None, paid_at__lt=now - GRACE)
