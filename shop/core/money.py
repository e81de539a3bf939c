"""Money: integers in minor units, with an ISO 4217 code; never a float."""

from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency, get_currency_precision, list_currencies
from django.core.exceptions import ValidationError

LOCALE = "en"
#: Twelve digits of minor units: the most that Stripe charges in any currency.
MOST_MONEY = 999_999_999_999


@lru_cache(maxsize=4096)
def format_money(amount: int, currency: str) -> str:
    """Minor units as people write them: 499, "EUR" is "€4.99"; 500, "JPY" is "¥500"."""
    return format_currency(major_units(amount, currency), currency, locale=LOCALE)


def major_units(amount: int, currency: str) -> Decimal:
    """Minor units in the currency's unit: 499, "EUR" is Decimal("4.99")."""
    return Decimal(amount).scaleb(-digits_of(currency))


def digits_of(currency: str) -> int:
    """How many decimals a currency has: none for JPY, two for EUR, three for KWD."""
    return get_currency_precision(currency)


def payable_step(currency: str) -> int:
    """What an amount has to be a multiple of, in minor units, so that a card can pay it.

    Cards carry two decimals: of a currency with three, the last one is 0.
    """
    return int(10 ** max(0, digits_of(currency) - 2))


def is_currency(code: str) -> bool:
    """Whether a code is one of ISO 4217's, in capitals."""
    return code in _CURRENCIES


def validate_currency(code: str) -> None:
    """:raises ValidationError: it is no code of ISO 4217"""
    if not is_currency(code):
        raise ValidationError(f"{code or 'Nothing'} is not a currency of ISO 4217, such as EUR.")


def validate_payable(amount: int, currency: str) -> None:
    """:raises ValidationError: no card pays that many minor units"""
    if not 1 <= amount <= MOST_MONEY:
        raise ValidationError("An amount above zero is needed, of twelve digits at most.")
    if amount % payable_step(currency):
        charge = format_money(amount, currency)
        raise ValidationError(f"The third decimal has to be 0: no card pays {charge}.")


def percent_off(amount: int, was: int) -> int:
    """How many whole percent an amount is below another, rounded down: never overstated."""
    return max(0, (was - amount) * 100 // was)


_CURRENCIES = frozenset(list_currencies())
