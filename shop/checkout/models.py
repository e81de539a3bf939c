"""What was bought: orders, their lines, and the history of what became of them."""

from django.db import models
from django.db.models import F, Q

from shop.catalog.models import Variant
from shop.money import format_money
from shop.sales.models import Deal


class Order(models.Model):
    """One purchase, from the claim on. Amounts in minor units; prices include tax.

    ``lapses_at`` is when an unpaid order gives back what it claimed.
    ``payment_round`` counts its PaymentIntents: one, unless the shopper left a
    bank's page open and took another card.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        REQUIRES_ACTION = "requires_action"
        PROCESSING = "processing"
        PAID = "paid"
        FAILED = "failed"
        CANCELED = "canceled"
        EXPIRED = "expired"
        REFUNDED = "refunded"
        PARTIALLY_REFUNDED = "partially_refunded"

    number = models.CharField(max_length=20, unique=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.PENDING)
    shopper = models.CharField(max_length=64, db_index=True)

    email = models.EmailField()
    name = models.CharField(max_length=120)
    line1 = models.CharField(max_length=120)
    line2 = models.CharField(max_length=120, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    city = models.CharField(max_length=80)
    country = models.CharField(max_length=2)

    currency = models.CharField(max_length=3)
    subtotal = models.PositiveBigIntegerField()
    shipping = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField()

    placed_at = models.DateTimeField()
    lapses_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)

    payment_intent = models.CharField(max_length=64, blank=True, db_index=True)
    payment_round = models.PositiveSmallIntegerField(default=1)
    confirmation_token = models.CharField(max_length=64, blank=True)
    card_key = models.CharField(max_length=64, blank=True)
    decline_message = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-placed_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(total=F("subtotal") + F("shipping")), name="order_total_is_the_sum"
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
        """Whether it may still be paid, and so keeps what it claimed."""
        return self.status in OPEN

    @property
    def total_text(self) -> str:
        """The whole charge, as people read it."""
        return format_money(self.total, self.currency)


OPEN = frozenset({Order.Status.PENDING, Order.Status.REQUIRES_ACTION, Order.Status.PROCESSING})


class OrderLine(models.Model):
    """Units of one variant at one frozen price, with the signed offer as evidence."""

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

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0, amount__gt=0), name="order_line_is_positive"
            ),
            models.UniqueConstraint(
                fields=["order", "jti", "variant"], name="order_line_variant_once_an_offer"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"

    @property
    def total(self) -> int:
        """What the line costs, in minor units of the order's currency."""
        return self.quantity * self.amount


class StatusChange(models.Model):
    """One step in an order's life: from what to what, when, on whose word."""

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


class StripeEvent(models.Model):
    """An event of Stripe's that was acted on: a second delivery does nothing."""

    id = models.CharField(max_length=64, primary_key=True)
    type = models.CharField(max_length=64)
    received_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.type} {self.id}"
