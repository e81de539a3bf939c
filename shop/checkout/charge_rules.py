"""Charge rules: the shipping and taxes of an order.

The setting ``CHARGE_RULES`` names the function, so that a shop can have its own. It takes a
``Basket`` and returns ``ChargeLine``s:

    def rules(basket: Basket) -> Iterable[ChargeLine]:
        abroad = basket.destination is not None and basket.destination.country != "DE"
        yield ChargeLine(ChargeKind.SHIPPING, "Parcel", 1290 if abroad else 490)

* For the checkout page it answers for the usual address (``destination`` is None); for the form's
  address before anything is claimed. Where that changes the total, the shopper has to agree.
* A shopper waits, outside any transaction: it has to be fast. Its time is ``basket.now``.
* Added tax is refunded in proportion.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.utils.module_loading import import_string

from shop.orders.charge import Charge, ChargeKind, ChargeLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """The part of an address that shipping and tax may depend on, as the shopper wrote it.

    ``country`` is a code of ISO 3166-1; ``state`` is empty in countries that write none.
    """

    country: str
    postal_code: str
    city: str
    state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Units of one variant; ``amount`` is the unit price in minor units."""

    sku: str
    quantity: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """What is to be charged; ``destination`` is None before the shopper has entered it."""

    items: tuple[Item, ...]
    currency: str
    destination: Destination | None
    now: datetime

    @property
    def subtotal(self) -> int:
        """Sum of the goods, in minor units."""
        return sum(item.amount * item.quantity for item in self.items)


type ChargeRules = Callable[[Basket], Iterable[ChargeLine]]


def charge_for(basket: Basket) -> Charge:
    """The whole charge, by the shop's rules.

    :raises ValueError: the rules made an invalid line
    """
    rules: ChargeRules = import_string(settings.CHARGE_RULES)
    return Charge(basket.subtotal, tuple(rules(basket)), basket.currency)


def default_charges(basket: Basket) -> Iterator[ChargeLine]:
    """Flat shipping, free from a subtotal on; one tax, which all prices include.

    The settings are in the shop's own currency: in another one, shipping is free.
    """
    free_from = settings.SHIPPING_FREE_FROM
    is_free = basket.currency != settings.SHOP_CURRENCY or 0 < free_from <= basket.subtotal
    fee = 0 if is_free else settings.SHIPPING_FLAT
    if fee:
        yield ChargeLine(ChargeKind.SHIPPING, "Shipping", fee)
    percent = Decimal(settings.TAX_PERCENT)
    if tax := included_tax(basket.subtotal + fee, percent):
        yield ChargeLine(ChargeKind.TAX, settings.TAX_LABEL, tax, is_included=True, percent=percent)


def included_tax(gross: int, percent: Decimal) -> int:
    """The tax in a gross amount, in minor units, half a unit rounded up."""
    rate, hundred = (percent / 100).as_integer_ratio()
    whole = rate + hundred
    return (2 * gross * rate + whole) // (2 * whole)
