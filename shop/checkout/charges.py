"""What an order costs in all: its lines, and shipping."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from shop.money import format_money


@dataclass(frozen=True, slots=True)
class Charge:
    """The whole charge, in minor units of one currency. Prices include tax."""

    subtotal: int
    shipping: int
    currency: str

    @property
    def total(self) -> int:
        """What the shopper pays."""
        return self.subtotal + self.shipping

    @property
    def total_text(self) -> str:
        """The total, as people read it."""
        return format_money(self.total, self.currency)

    @property
    def shipping_text(self) -> str:
        """Shipping, as people read it; empty where it costs nothing."""
        return format_money(self.shipping, self.currency) if self.shipping else ""


def charge_for(line_totals: Iterable[int], currency: str) -> Charge:
    """The charge for lines: shipping is flat, and free from a subtotal on."""
    subtotal = sum(line_totals)
    is_free = bool(settings.SHIPPING_FREE_FROM) and subtotal >= settings.SHIPPING_FREE_FROM
    return Charge(subtotal, 0 if is_free else settings.SHIPPING_FLAT, currency)
