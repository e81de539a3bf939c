"""Currencies: how many decimals each has, and in which units Stripe counts it.

The decimals are ISO 4217's, as its maintenance agency (SIX) publishes them, by the package
``iso4217``. CLDR's differ: it says how prices are usually written, and writes an RSD without its
hundredths, in which cards are charged all the same.

Stripe counts in ISO 4217's decimals, but for the exceptions that docs.stripe.com/currencies names:

* Those without decimals ("zero-decimal"), whatever ISO 4217 says of MGA.
* ISK and UGX, which have none, are sent with two of 0.
* Of three decimals the last has to be 0.
* HUF and TWD are whole in payouts only: a charge has their decimals.
"""

from iso4217 import Currency

#: ISO 4217 gives no decimals to precious metals, units of account, and codes for tests.
_DIGITS: dict[str, int] = {
    each.code: each.exponent for each in Currency if each.exponent is not None
}
# fmt: off
_STRIPE_WITHOUT_DECIMALS = frozenset({
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
    "XOF", "XPF",
})
# fmt: on
_STRIPE_WITH_TWO_OF_ZERO = frozenset({"ISK", "UGX"})
#: Cards carry two decimals at most.
_MOST_DIGITS_OF_A_CARD = 2


def is_currency(code: str) -> bool:
    """Whether a code is that of money in ISO 4217, in capitals."""
    return code in _DIGITS


def all_currencies() -> frozenset[str]:
    """The codes of all money in ISO 4217."""
    return frozenset(_DIGITS)


def digits_of(currency: str) -> int:
    """How many decimals a currency has in ISO 4217: none for JPY, two for EUR, three for KWD.

    A currency that ISO 4217 has withdrawn lives on in old orders; it is taken to have two.
    """
    return _DIGITS.get(currency, 2)


def stripe_digits_of(currency: str) -> int:
    """How many decimals an amount has that is sent to Stripe as a whole number."""
    if currency in _STRIPE_WITHOUT_DECIMALS:
        return 0
    return 2 if currency in _STRIPE_WITH_TWO_OF_ZERO else digits_of(currency)


def payable_step(currency: str) -> int:
    """What an amount has to be a multiple of, in minor units, so that a card can pay it.

    Of KWD 10, as the last of three decimals is 0; of MGA 100, as Stripe charges whole ones.
    """
    digits = digits_of(currency)
    payable = min(digits, stripe_digits_of(currency), _MOST_DIGITS_OF_A_CARD)
    return int(10 ** (digits - payable))
