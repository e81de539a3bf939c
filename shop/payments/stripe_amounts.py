"""Which amounts Stripe can charge, and how it counts them.

Stripe's rules (docs.stripe.com/currencies):

* Its own list says whether a currency has no decimals, three, or else two, whatever ISO 4217 says.
* ISK and UGX have no decimals and are sent with two all the same (UGX is in the page's list of
  those without, too). HUF and TWD are whole in payouts only.
* Of three decimals the last has to be 0, in a refund too.
* There is a greatest charge by digits, and a least one: that of the currency a bank account is
  settled in. A charge in another currency may meet a higher bound, which only Stripe knows.
"""

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


class NotChargeable(ValueError):
    """Stripe cannot charge this amount; the text is for the shopper."""


def to_stripe_amount(amount: int, currency: str) -> int:
    """An amount of ours in Stripe's minor units: 5 ISK is 500.

    :raises NotChargeable: Stripe has no such amount
    """
    shift = _stripe_digits(currency) - digits_of(currency)
    stripe_amount, rest = (amount * 10**shift, 0) if shift >= 0 else divmod(amount, int(10**-shift))
    if rest or (currency in _THREE_DECIMALS and stripe_amount % 10):
        step = format_money(payable_step(currency), currency)
        raise NotChargeable(
            f"{format_money(amount, currency)} cannot be paid by card: "
            f"a sum has to be a multiple of {step}. Nothing was charged."
        )
    return stripe_amount


def from_stripe_amount(stripe_amount: int, currency: str) -> int:
    """An amount of Stripe's in our minor units, rounded up."""
    shift = _stripe_digits(currency) - digits_of(currency)
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


def _stripe_digits(currency: str) -> int:
    if currency in _NO_DECIMALS:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2
