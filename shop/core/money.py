"""Money: integers in minor units, with an ISO 4217 code; never a float."""

from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency
from django.core.exceptions import ValidationError

from shop.core.currencies import digits_of, is_currency, payable_step

LOCALE = "en"
#: Twelve digits of minor units: the most that Stripe charges in any currency.
MOST_MONEY = 999_999_999_999


@lru_cache(maxsize=4096)
def format_money(amount: int, currency: str) -> str:
    """Minor units as people write them: 499, "EUR" is "€4.99"; 500, "JPY" is "¥500"."""
    digits = digits_of(currency)
    # CLDR's own count of decimals would hide the hundredths of some currencies.
    pattern = f"¤#,##0.{'0' * digits}" if digits else "¤#,##0"
    return format_currency(
        major_units(amount, currency), currency, pattern, LOCALE, currency_digits=False
    )


def major_units(amount: int, currency: str) -> Decimal:
    """Minor units in the currency's unit: 499, "EUR" is Decimal("4.99")."""
    return Decimal(amount).scaleb(-digits_of(currency))


def validate_currency(code: str) -> None:
    """:raises ValidationError: it is no code of ISO 4217"""
    if not is_currency(code):
        raise ValidationError(f"{code or 'Nothing'} is not a currency of ISO 4217, such as EUR.")


def validate_payable(amount: int, currency: str) -> None:
    """:raises ValidationError: no card pays that many minor units"""
    if not 1 <= amount <= MOST_MONEY:
        raise ValidationError("An amount above zero is needed, of twelve digits at most.")
    if amount % (step := payable_step(currency)):
        charge, least = format_money(amount, currency), format_money(step, currency)
        raise ValidationError(f"No card pays {charge}: write a multiple of {least}.")


def percent_off(amount: int, was: int) -> int:
    """How many whole percent an amount is below another, rounded down: never overstated."""
    return max(0, (was - amount) * 100 // was)
