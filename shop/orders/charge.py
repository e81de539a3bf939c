"""The whole charge of an order, line by line; ``charge_rules`` makes the lines."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import models

from shop.core.money import format_money


class ChargeKind(models.TextChoices):
    """Kinds of lines besides goods."""

    SHIPPING = "shipping"
    TAX = "tax"


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """Shipping or tax: added to the goods, or, if ``is_included``, a tax that is in the prices.

    ``amount`` is in minor units, above 0. ``percent`` is a tax's rate.
    """

    kind: ChargeKind
    label: str
    amount: int
    is_included: bool = False
    percent: Decimal | None = None

    def __post_init__(self) -> None:
        """:raises ValueError: it is no line of a charge, whatever rule has made it"""
        if type(self.amount) is not int or self.amount <= 0:
            raise ValueError(f"{self.label}: {self.amount!r} is no amount in minor units.")
        if self.kind is not ChargeKind.TAX and (self.is_included or self.percent is not None):
            raise ValueError(f"{self.label}: only a tax has a rate, or is in the prices already.")

    @property
    def text(self) -> str:
        """Its label: "Shipping", "8.1% VAT"."""
        if self.percent is None:
            return self.label
        return f"{self.percent.normalize():f}% {self.label}"


@dataclass(frozen=True, slots=True)
class Charge:
    """Goods and charge lines, in minor units of one currency."""

    subtotal: int
    lines: tuple[ChargeLine, ...]
    currency: str

    @property
    def added_lines(self) -> list[ChargeLine]:
        """The lines that the shopper pays on top of the goods."""
        return [line for line in self.lines if not line.is_included]

    @property
    def included_taxes(self) -> list[ChargeLine]:
        """The taxes that are part of the total already."""
        return [line for line in self.lines if line.is_included]

    @property
    def added(self) -> int:
        """Sum of the lines that are added to the goods, in minor units."""
        return sum(line.amount for line in self.added_lines)

    @property
    def shipping(self) -> int:
        """Shipping, in minor units."""
        return sum(line.amount for line in self.lines if line.kind is ChargeKind.SHIPPING)

    @property
    def added_tax(self) -> int:
        """Tax that is added to the prices, in minor units."""
        return self.added - self.shipping

    @property
    def total(self) -> int:
        """What the shopper pays, in minor units."""
        return self.subtotal + self.added

    @property
    def total_text(self) -> str:
        """The formatted total."""
        return format_money(self.total, self.currency)
