"""What an order costs in all, line by line, and whether Stripe can charge just that.

The rules that make the lines are in ``charge_rules``.

Stripe's rules (docs.stripe.com/currencies):

* Amounts are counted in a currency's minor unit, by a list of Stripe's own: no
  decimals, three, or else two, whatever ISO 4217 and our own amounts say.
* ISK and UGX have no decimals and are sent with two all the same. (The page has
  UGX in its list of those without, too; what it says of UGX alone counts. HUF and
  TWD are whole in payouts only; to be charged they have two decimals.)
* Of three decimals the last has to be 0, in a refund too.
* There is a least charge of about half a US dollar, and a greatest by digits.
  The least is that of the currency a bank account is settled in: a charge in
  another one may meet a higher bound, which only Stripe knows.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.db import models

from shop.core.money import digits_of, format_money, payable_step

# fmt: off
_NO_DECIMALS = frozenset({
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
    "XOF", "XPF",
})
_THREE_DECIMALS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})

#: The least charge, in minor units. Where Stripe names none, anything above zero may do.
_LEAST = {
    "AED": 200, "ARS": 50, "AUD": 50, "BRL": 50, "CAD": 50, "CHF": 50, "COP": 50, "CZK": 1500,
    "DKK": 250, "EUR": 50, "GBP": 30, "HKD": 400, "HUF": 17500, "IDR": 50, "ILS": 50, "INR": 50,
    "JPY": 50, "KRW": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PHP": 50, "PLN": 200,
    "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50, "ZAR": 50,
}
#: The digits of the greatest charge. Most cards take more; that these do is certain.
_MOST_DIGITS = {"IDR": 12, "COP": 10, "INR": 9}
# fmt: on


class NotChargeable(ValueError):
    """Stripe has no way to charge just this amount; the text is for the shopper."""


class Kind(models.TextChoices):
    """What a line is for that is not goods."""

    SHIPPING = "shipping"
    TAX = "tax"


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """Shipping or tax: what it adds to the goods, or, of a tax, what is in the prices already.

    ``amount`` is in minor units and more than 0: what costs nothing has no line.
    ``percent`` is a tax's rate.
    """

    kind: Kind
    label: str
    amount: int
    is_included: bool = False
    percent: Decimal | None = None

    def __post_init__(self) -> None:
        """:raises ValueError: it is no line of a charge, whatever rule has made it"""
        if type(self.amount) is not int or self.amount <= 0:
            raise ValueError(f"{self.label}: {self.amount!r} is no amount in minor units.")
        if self.kind is not Kind.TAX and (self.is_included or self.percent is not None):
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
        return sum(line.amount for line in self.lines if line.kind is Kind.SHIPPING)

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

    @property
    def obstacle(self) -> str:
        """Why no card can pay it, in words for the shopper; empty where one can."""
        try:
            check_chargeable(self.total, self.currency)
        except NotChargeable as obstacle:
            return str(obstacle)
        return ""


def to_stripe_amount(amount: int, currency: str) -> int:
    """What Stripe is told for an amount in our minor units: 5, "ISK" is 500.

    :raises NotChargeable: Stripe cannot be told just that
    """
    shift = _stripe_digits(currency) - digits_of(currency)
    told, rest = (amount * 10**shift, 0) if shift >= 0 else divmod(amount, int(10**-shift))
    if rest or (currency in _THREE_DECIMALS and told % 10):
        step = format_money(payable_step(currency), currency)
        raise NotChargeable(
            f"{format_money(amount, currency)} cannot be paid by card: "
            f"a sum has to be a multiple of {step}. Nothing was charged."
        )
    return told


def from_stripe_amount(told: int, currency: str) -> int:
    """What Stripe says in our minor units; what is finer than those counts as a whole one."""
    shift = _stripe_digits(currency) - digits_of(currency)
    return told * int(10**-shift) if shift < 0 else -(-told // int(10**shift))


def check_chargeable(amount: int, currency: str) -> None:
    """:raises NotChargeable: it is less or more than Stripe charges, or not to be told"""
    told = to_stripe_amount(amount, currency)
    least = _LEAST.get(currency, 1)
    if amount < least:
        raise NotChargeable(
            f"{format_money(amount, currency)} is too little for a card: the payment service "
            f"charges {format_money(least, currency)} or more. Add something to your bag."
        )
    most = 10 ** _MOST_DIGITS.get(currency, 8) - 1
    if told > most:
        at_most = format_money(from_stripe_amount(most + 1, currency) - 1, currency)
        raise NotChargeable(
            f"{format_money(amount, currency)} is too much for one charge: it can come to "
            f"{at_most}. Order in two parts."
        )


def _stripe_digits(currency: str) -> int:
    if currency in _NO_DECIMALS:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2
