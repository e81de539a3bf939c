"""Products, their variants and stock, and the history of their list prices."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.core.validators import FileExtensionValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from offers.anchors import new_nonce
from offers.terms import LIST
from shop.core.formatting import utc
from shop.core.money import format_money, validate_currency, validate_payable
from shop.core.name_field import NameField
from shop.staff.models import Staff

sku_validator = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z",
    "A sku has letters, digits, dots and dashes, and starts with a letter or a digit.",
)

PICTURE_EXTENSIONS = ("avif", "jpeg", "jpg", "png", "svg", "webp")


def validate_price(field: str, amount: int | None, currency: str) -> None:
    """:raises ValidationError: a field's amount, in minor units, is not payable"""
    if amount is not None:
        try:
            validate_payable(amount, currency)
        except ValidationError as error:
            raise ValidationError({field: error}) from None


def validate_units(field: str, units: int | None, claimed: int) -> None:
    """:raises ValidationError: a field has fewer units than orders have claimed"""
    if units is not None and units < claimed:
        raise ValidationError({field: f"{units} is fewer than the {claimed} claimed."})


class Product(models.Model):
    """A product with one list price; its stock is counted by variant.

    A product without sizes has exactly one variant, unnamed, of the same sku.
    """

    sku = models.CharField(max_length=64, unique=True, validators=[sku_validator])
    slug = models.SlugField(max_length=80, unique=True)
    name = NameField(max_length=120)
    text = models.TextField(blank=True)
    picture = models.FileField(
        upload_to="products/", blank=True, validators=[FileExtensionValidator(PICTURE_EXTENSIONS)]
    )
    list_price = models.PositiveBigIntegerField(help_text="In minor units: 4990 is €49.90.")
    currency = models.CharField(max_length=3, validators=[validate_currency])
    sold_at_list_price = models.BooleanField(
        default=True, help_text="Off: sold in sales alone, never at its list price."
    )
    nonce = models.CharField(max_length=22, default=new_nonce, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(list_price__gt=0), name="product_list_price_is_positive"
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="product_currency_is_a_code"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.sku})"

    def get_absolute_url(self) -> str:
        return reverse("sales:product", args=[self.slug])

    def clean(self) -> None:
        """:raises ValidationError: no card pays its list price"""
        validate_price("list_price", self.list_price, self.currency)


class Variant(models.Model):
    """A size of a product, or the product itself: the unit of stock.

    ``stock`` is the units ever supplied, ``claimed`` those in orders that are paid or may
    still be. Only ``shop.catalog.stock`` writes ``stock``, with a ``StockMovement`` each time.
    """

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="variants")
    sku = models.CharField(max_length=64, unique=True, validators=[sku_validator])
    name = NameField(max_length=60, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    stock = models.PositiveIntegerField()
    claimed = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["product", "name"], name="variant_name_is_unique"),
            models.CheckConstraint(
                condition=Q(claimed__gte=0, claimed__lte=F("stock")),
                name="variant_claims_are_in_stock",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product.name} {self.name}".strip()

    def clean(self) -> None:
        """:raises ValidationError: fewer units than are claimed, or a sku of its own but no name"""
        validate_units("stock", self.stock, self.claimed)
        if self.sku and not self.name and hasattr(self, "product") and self.sku != self.product.sku:
            raise ValidationError({"sku": "A variant without a name has the product's own sku."})


def validate_names(variants: Iterable[Variant]) -> None:
    """:raises ValidationError: a product has these variants, and one of several has no name"""
    names = [variant.name for variant in variants]
    if len(names) > 1 and not all(names):
        raise ValidationError({"name": "Where there are several variants, each needs a name."})


class StockMovement(models.Model):
    """Units added to or taken from a variant's stock, whose sum it is; orders make none.

    ``made_by`` is None for a command.
    """

    class Reason(models.TextChoices):
        SUPPLIED = "supplied", "Supplied"
        COUNTED = "counted", "Counted anew"
        LOST = "lost", "Lost or damaged"
        SENT_BACK = "sent_back", "Sent back to the supplier"
        LOADED = "loaded", "Read from a file"

    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="movements")
    units = models.IntegerField(help_text="Below zero: taken out.")
    reason = models.CharField(max_length=10, choices=Reason)
    note = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["made_at", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(units=0), name="stock_movement_moves"),
            models.CheckConstraint(
                condition=Q(reason__in=["supplied", "counted", "lost", "sent_back", "loaded"]),
                name="stock_movement_reason_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.units:+} {self.variant}"


class PricePoint(models.Model):
    """The list price of a product from an instant on, and whether anybody could buy at it.

    ``could_be_bought``: it was sold outside sales, and some had been supplied. None: the row is
    older than this record. Each change writes a row. ``lowest``: where several prices were set at
    this very instant, as while a clock is stopped, the lowest of them; offers may say it. A row
    proves reference prices (Directive 98/6/EC, article 6a): it goes with its product alone.
    """

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="price_points")
    amount = models.PositiveBigIntegerField()
    since = models.DateTimeField()
    could_be_bought = models.BooleanField(null=True)
    lowest = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering = ["since"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="price_point_is_positive"),
            models.UniqueConstraint(fields=["product", "since"], name="price_point_instant_unique"),
        ]

    def __str__(self) -> str:
        return f"{format_money(self.amount, self.product.currency)} since {utc(self.since)}"


class PriceCorrection(models.Model):
    """The price of a past stretch of time, taken back as a mistake: no reference price counts it.

    ``sale`` is a slug, or ``list``, as in offers. Where the price was on show, the offers of the
    stretch were recalled with it: those of a deal by a recall of the deal, those at list price by
    this very row. It voids what was issued from ``since`` on, and before ``issued_before`` (None:
    all that was out when it was made, by replacing the product's nonce, ``replaced_nonce``). It
    is kept as long as its product.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="price_corrections")
    sale = models.CharField(max_length=80, default=LIST)
    amount = models.PositiveBigIntegerField()
    since = models.DateTimeField()
    until = models.DateTimeField()
    was_on_show = models.BooleanField()
    issued_before = models.DateTimeField(null=True, blank=True)
    replaced_nonce = models.CharField(max_length=22, blank=True)
    reason = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["made_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(until__gt=F("since")), name="price_correction_ends_after_it_begins"
            ),
            models.UniqueConstraint(
                fields=["product", "sale", "since"], name="price_correction_is_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{format_money(self.amount, self.product.currency)} since {utc(self.since)}"
