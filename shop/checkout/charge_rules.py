"""The rules that say what an order costs besides its goods: shipping and taxes.

The setting ``CHARGE_RULES`` names the function that is asked, so that a shop can
have rules of its own. It is given a ``Basket`` and answers with ``ChargeLine``s:

    def rules(basket: Basket) -> Iterable[ChargeLine]:
        abroad = basket.destination is not None and basket.destination.country != "DE"
        yield ChargeLine(Kind.SHIPPING, "Parcel", 1290 if abroad else 490)

* It is asked for the checkout page, when nobody knows yet where the order goes
  (``destination`` is None): it answers for the usual address then. It is asked
  again for what the form says, before anything is claimed; where that makes
  another total, the shopper is shown it and asked anew. It is charged as shown.
* It is asked outside any transaction, while the shopper waits: it answers fast.
* It reads no clock: ``basket.now`` is when it is.
* A tax that is added goes back with refunds in proportion to what goes back.
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
    """Where an order goes, as far as it may matter for what that costs.

    ``country`` is a code of ISO 3166-1; the others are as the shopper wrote them.
    """

    country: str
    postal_code: str
    city: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Units of one variant at one price, in minor units."""

    sku: str
    quantity: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """What is to be charged for; ``destination`` is None until the shopper has said it."""

    items: tuple[Item, ...]
    currency: str
    destination: Destination | None
    now: datetime

    @property
    def subtotal(self) -> int:
        """What the goods cost."""
        return sum(item.amount * item.quantity for item in self.items)


type ChargeRules = Callable[[Basket], Iterable[ChargeLine]]


def charge_for(basket: Basket) -> Charge:
    """The whole charge, by the shop's rules.

    :raises ValueError: the rules made a line that is none
    """
    rules: ChargeRules = import_string(settings.CHARGE_RULES)
    return Charge(basket.subtotal, tuple(rules(basket)), basket.currency)


def default_charges(basket: Basket) -> Iterator[ChargeLine]:
    """Shipping flat, and free from a subtotal on; one tax, which all prices include.

    The settings speak of the shop's own currency: in another one, shipping is free.
    """
    fee = 0
    if basket.currency == settings.SHOP_CURRENCY:
        free_from = settings.SHIPPING_FREE_FROM
        fee = 0 if free_from and basket.subtotal >= free_from else settings.SHIPPING_FLAT
    if fee:
        yield ChargeLine(ChargeKind.SHIPPING, "Shipping", fee)
    percent = Decimal(settings.TAX_PERCENT)
    if tax := included_tax(basket.subtotal + fee, percent):
        yield ChargeLine(ChargeKind.TAX, settings.TAX_LABEL, tax, is_included=True, percent=percent)


def included_tax(gross: int, percent: Decimal) -> int:
    """The tax that is in an amount: worked out once for the order, half a unit rounded up."""
    rate, hundred = (percent / 100).as_integer_ratio()
    whole = rate + hundred
    return (2 * gross * rate + whole) // (2 * whole)
