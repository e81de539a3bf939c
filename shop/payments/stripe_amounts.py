"""Which amounts Stripe can charge, and how it counts them.

Stripe's rules (docs.stripe.com/currencies):

* In which units it counts a currency, and of which an amount has to be a multiple, in a refund too:
  ``shop.core.currencies``.
* There is a greatest charge by digits, and a least one: that of the currency a bank account is
  settled in. A charge in another currency may meet a higher bound, which only Stripe knows.
"""

from shop.core.currencies import digits_of, payable_step, stripe_digits_of
from shop.core.money import format_money

# fmt: off
#: The least charge, in minor units. Where Stripe names none, anything above zero may do.
_LEAST = {
    "AED": 200, "ARS": 50, "AUD": 50, "BRL": 50, "CAD": 50, "CHF": 50, "COP": 50, "CZK": 1500,
    "DKK": 250, "EUR": 50, "GBP": 30, "HKD": 400, "HUF": 17500, "IDR": 50, "ILS": 50, "INR": 50,
    "JPY": 50, "KRW": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PHP": 50, "PLN": 200,
    "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50, "ZAR": 50,
}
#: The digits of the greatest charge. Most cards take more; that these do is certain.
_MOST_DIGITS = {"IDR": 12, "COP": 10, "INR": 9}


class NotChargeable(ValueError):
    """Stripe cannot charge this amount; the text is for the shopper."""


def to_stripe_amount(amount: int, currency: str) -> int:
    """An amount of ours in Stripe's minor units: 5 ISK is 500.

    :raises NotChargeable: Stripe has no such amount
    """
    if amount % (step := payable_step(currency)):
        raise NotChargeable(
            f"{format_money(amount, currency)} cannot be paid by card: a sum has to be a multiple "
            f"of {format_money(step, currency)}. Nothing was charged."
        )
    shift = stripe_digits_of(currency) - digits_of(currency)
    return amount * int(10**shift) if shift >= 0 else amount // int(10**-shift)


def from_stripe_amount(stripe_amount: int, currency: str) -> int:
    """An amount of Stripe's in our minor units, rounded up."""
    shift = stripe_digits_of(currency) - digits_of(currency)
    return stripe_amount * int(10**-shift) if shift < 0 else -(-stripe_amount // int(10**shift))


def obstacle(amount: int, currency: str) -> str:
    """Why no card can pay an amount in minor units, in words for the shopper; empty if one can."""
    try:
        stripe_amount = to_stripe_amount(amount, currency)
    except NotChargeable as refusal:
        return str(refusal)
    least, most = _LEAST.get(currency, 1), 10 ** _MOST_DIGITS.get(currency, 8) - 1
    text = format_money(amount, currency)
    if amount < least:
        return (
            f"{text} is too little for a card: the payment service charges "
            f"{format_money(least, currency)} or more. Add something to your bag."
        )
    if stripe_amount > most:
        at_most = format_money(from_stripe_amount(most + 1, currency) - 1, currency)
        return f"{text} is too much for one charge: it can come to {at_most}. Order in two parts."
    return ""
