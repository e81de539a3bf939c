"""What an order costs in all, line by line; ``charge_rules`` makes the lines."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import models

from shop.core.money import format_money


class ChargeKind(models.TextChoices):
    """What a line is for that is not goods."""

    SHIPPING = "shipping"
    TAX = "tax"


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """Shipping or tax: what it adds to the goods, or, of a tax, what is in the prices already.

    ``amount`` is in minor units and more than 0: what costs nothing has no line.
    ``percent`` is a tax's rate.
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
        """What it is, as people read it: "Shipping", "8.1% VAT"."""
        if self.percent is None:
            return self.label
        return f"{self.percent.normalize():f}% {self.label}"


@dataclass(frozen=True, slots=True)
class Charge:
    """The whole charge, in minor units of one currency: goods, and lines of other kinds."""

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
        """What all of it adds to the goods."""
        return sum(line.amount for line in self.added_lines)

    @property
    def shipping(self) -> int:
        """What of that is shipping."""
        return sum(line.amount for line in self.lines if line.kind is ChargeKind.SHIPPING)

    @property
    def added_tax(self) -> int:
        """What of that is tax: none, where prices include it."""
        return self.added - self.shipping

    @property
    def total(self) -> int:
        """What the shopper pays."""
        return self.subtotal + self.added

    @property
    def total_text(self) -> str:
        """The total, as people read it."""
        return format_money(self.total, self.currency)
