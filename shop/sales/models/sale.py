"""Sales and their deals."""

from datetime import timedelta
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import (
    FileExtensionValidator,
    MaxValueValidator,
    MinValueValidator,
    RegexValidator,
)
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from offers.anchors import new_nonce
from offers.terms import LIST
from shop.catalog.models import PICTURE_EXTENSIONS, Product, validate_price, validate_units
from shop.core.name_field import NameField
from shop.core.wall_time import validate_instant

LONGEST_HOLD_SECONDS = 30 * 24 * 3600
#: The most that an offer can carry (``offers.tokens.OFFER``).
MOST_PER_SHOPPER = 1_000_000

#: Read once: finding them takes some 7 ms, and each sale that is saved is checked, and each form.
TIME_ZONES = frozenset(available_timezones())


def validate_time_zone(name: str) -> None:
    """:raises ValidationError: the IANA database has no such zone"""
    if name not in TIME_ZONES:
        raise ValidationError(f"{name} is not a time zone, such as Europe/Berlin.")


def validate_unreserved(slug: str) -> None:
    """:raises ValidationError: offers of list prices have that slug"""
    if slug == LIST:
        raise ValidationError(f"{LIST} stands for list prices: no sale can be called so.")


class Sale(models.Model):
    """A window of time in which deals are offered, and how long an offer is held.

    ``published_hold``: the seconds with which it was first published (``term_record``).

    The window is half-open, ``[starts_at, ends_at)``. ``state`` is what the merchant
    decided; the phase (upcoming, live, over) follows from the clock.
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        PUBLISHED = "published"
        CANCELED = "canceled"

    slug = models.CharField(
        max_length=80,
        unique=True,
        validators=[
            RegexValidator(
                r"^[a-z0-9]+(?:-[a-z0-9]+)*\Z",
                "A slug has small letters and digits, joined by single dashes.",
            ),
            validate_unreserved,
        ],
    )
    title = NameField(max_length=120)
    text = models.TextField(blank=True)
    picture = models.FileField(
        upload_to="sales/", blank=True, validators=[FileExtensionValidator(PICTURE_EXTENSIONS)]
    )
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    starts_at = models.DateTimeField("opens at", validators=[validate_instant])
    ends_at = models.DateTimeField("closes at", validators=[validate_instant])
    hold_seconds = models.PositiveIntegerField(
        "prices are held for",
        default=1800,
        validators=[
            MinValueValidator(1, "A price is held for one second at least."),
            MaxValueValidator(LONGEST_HOLD_SECONDS, "A price is held for 30 days at the most."),
        ],
        help_text="How long a shown price is held, from the moment the page was opened.",
    )
    delayed_payment = models.BooleanField(
        "bank debits too",
        default=False,
        help_text=(
            "Bank debits as well as cards. They take days to settle and can hardly be canceled: "
            "until then they keep the stock, and some fail."
        ),
    )
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    published_at = models.DateTimeField(null=True, editable=False)
    published_hold = models.PositiveIntegerField(null=True, editable=False)
    nonce = models.CharField(max_length=22, default=new_nonce, editable=False)

    class Meta:
        ordering = ["-starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="sale_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(hold_seconds__gte=1, hold_seconds__lte=LONGEST_HOLD_SECONDS),
                name="sale_hold_is_sane",
            ),
            models.CheckConstraint(condition=~Q(slug=LIST), name="sale_slug_is_not_list"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "published", "canceled"]),
                name="sale_state_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(state="published") | Q(published_at__isnull=False),
                name="sale_published_has_instant",
            ),
        ]

    def __str__(self) -> str:
        return str(self.title)

    def get_absolute_url(self) -> str:
        return reverse("sales:sale", args=[self.slug])

    def clean(self) -> None:
        """:raises ValidationError: it does not end after it starts"""
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": "A sale has to end after it starts."})

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which its window is written and shown."""
        return ZoneInfo(self.time_zone)

    @property
    def hold(self) -> timedelta:
        """How long an offer of this sale is held after it was issued."""
        return timedelta(seconds=self.hold_seconds)


class Deal(models.Model):
    """A product in a sale: its price there, and how many units are sold to one shopper.

    ``allocation`` is units ever set aside (None: all the stock), ``claimed`` those in orders
    that are paid or may still be. ``was`` is the lowest price that could be paid in the 30 days
    before the sale's opening ``was_as_of``, in minor units (None: none could), as
    ``reference_prices`` worked it out. ``published_price`` and ``published_limit`` are those with
    which the sale was first published (``term_record``).
    """

    sale = models.ForeignKey(Sale, on_delete=models.CASCADE, related_name="deals")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="deals")
    position = models.PositiveSmallIntegerField("place", default=0)
    price = models.PositiveBigIntegerField(
        help_text="In minor units: 499 is €4.99.", error_messages={"null": "A price is needed."}
    )
    was = models.PositiveBigIntegerField(null=True, editable=False)
    was_as_of = models.DateTimeField(null=True, editable=False)
    allocation = models.PositiveIntegerField("set aside", null=True, blank=True)
    claimed = models.PositiveIntegerField(default=0, editable=False)
    max_per_shopper = models.PositiveIntegerField(
        "most for one shopper",
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_PER_SHOPPER)],
    )
    withdrawn = models.BooleanField(default=False)
    published_price = models.PositiveBigIntegerField(null=True, editable=False)
    published_limit = models.PositiveIntegerField(null=True, editable=False)
    nonce = models.CharField(max_length=22, default=new_nonce, editable=False)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["sale", "product"], name="deal_product_once_a_sale"),
            models.CheckConstraint(condition=Q(price__gt=0), name="deal_price_is_positive"),
            models.CheckConstraint(
                condition=Q(was__isnull=True) | Q(was__gt=0), name="deal_was_is_positive"
            ),
            models.CheckConstraint(
                condition=Q(claimed__gte=0)
                & (Q(allocation__isnull=True) | Q(claimed__lte=F("allocation"))),
                name="deal_claims_are_allocated",
            ),
            models.CheckConstraint(
                condition=Q(max_per_shopper__gte=1, max_per_shopper__lte=MOST_PER_SHOPPER),
                name="deal_limit_is_sane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product.name} in {self.sale.title}"

    def clean(self) -> None:
        """:raises ValidationError: fewer units than are claimed, or a price that no card pays"""
        validate_units("allocation", self.allocation, self.claimed)
        if hasattr(self, "product"):
            validate_price("price", self.price, self.product.currency)
