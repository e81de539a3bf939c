"""Amounts of money, and reductions, as people write them."""

import re
from decimal import Decimal
from functools import lru_cache

from babel.numbers import get_currency_name, get_currency_symbol
from django.core.exceptions import ValidationError

from shop.core.currencies import all_currencies, digits_of
from shop.core.money import MOST_MONEY
from shop.core.typed.numbers import DECIMALS, read_number
from shop.core.typed.spelling import plain, quoted

LANGUAGES = ("en", "de", "fr", "es", "it")
#: What people write in the countries of a currency, where CLDR has it in their own language alone.
_SIGNS = {
    "BRL": ("R$",), "CHF": ("Fr.", "SFr.", "Fr"), "CNY": ("¥", "元"), "CZK": ("Kč",),
    "DKK": ("kr", "kr."), "EUR": ("€", "euro", "euros", "eur."), "GBP": ("£",), "HUF": ("Ft",),
    "INR": ("₹", "Rs", "Rs."), "ISK": ("kr", "kr."), "JPY": ("¥", "円", "￥"), "NOK": ("kr", "kr."),
    "PLN": ("zł",), "RON": ("lei", "leu"), "RSD": ("din.", "din"), "SEK": ("kr", "kr."),
    "TRY": ("₺", "TL"), "UAH": ("₴", "грн"),
}  # fmt: skip
#: A word or a sign beside an amount: no figure, and nothing that belongs to a number.
_SIGN = re.compile(r"[^0-9.,' -]+")


def read_money(text: object, currency: str) -> int:
    """An amount in the currency's unit, with or without its sign, in minor units.

    >>> read_money("1.299,50 €", "EUR")
    129950

    :raises ValidationError: it is no amount, or of another currency, or has more decimals than the
        currency or more figures than money has, or may mean two
    """
    digits = digits_of(currency)
    example = f"an amount such as 49.{'90'.ljust(digits, '0')[:digits]}".removesuffix(".")
    how_many = f"Amounts in {currency} have {digits or 'no'} decimals."
    try:
        amount = read_number(_without_sign(text, currency), example, decimals=digits)
    except ValidationError as error:
        if error.code == DECIMALS:
            raise ValidationError(f"{how_many} {error.message}") from None
        raise
    if int(amount.as_tuple().exponent) < -digits:
        raise ValidationError(how_many)
    minor = int(amount.scaleb(digits))
    if minor > MOST_MONEY:
        raise ValidationError("An amount has twelve digits at most.")
    return minor


def read_percent(text: object) -> Decimal:
    """A reduction in percent: 30% and -30 % are 30.

    :raises ValidationError: it is none of more than 0 and less than 100
    """
    figures = plain(text).removesuffix("%").rstrip().removeprefix("-").lstrip()
    try:
        off = read_number(figures, "a reduction")
    except ValidationError:
        off = Decimal(0)
    if not 0 < off < 100:
        raise ValidationError("Write a reduction as 30%: more than 0, less than 100.")
    return off


def is_percent(text: object) -> bool:
    """Whether a text is written as a reduction."""
    return plain(text).endswith("%")


def _without_sign(text: object, currency: str) -> str:
    """The figures of an amount, without what names its currency.

    :raises ValidationError: it names another currency
    """
    amount = plain(text).casefold()
    minus = "-" if amount.startswith("-") else ""
    amount = amount.removeprefix("-").strip()
    for sign in signs_of(currency):
        if amount.startswith(sign):
            return minus + amount.removeprefix(sign).strip()
        if amount.endswith(sign):
            return minus + amount.removesuffix(sign).strip()
    for found in _SIGN.findall(amount):
        if other := _currency_of(found):
            raise ValidationError(f"{quoted(text)} is in {other}: write it in {currency}.")
    return minus + amount


@lru_cache
def signs_of(currency: str) -> tuple[str, ...]:
    """All that names a currency beside an amount, in small letters, the longest first."""
    signs = {currency, *_SIGNS.get(currency, ())}
    for language in LANGUAGES:
        symbol = get_currency_symbol(currency, language)
        # Whose own dollar it is, nobody writes.
        signs |= {symbol, symbol.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
        signs |= {get_currency_name(currency, count, language) for count in (None, 1, 2)}
    return tuple(sorted({plain(sign).casefold() for sign in signs} - {""}, key=len, reverse=True))


@lru_cache
def _currency_of(sign: str) -> str:
    """The code of a currency that a sign or a word names, if it names any; of several the first."""
    if sign.upper() in all_currencies():
        return sign.upper()
    named = (each for each in _OFTEN if sign in signs_of(each))
    return next(named, "")


#: Currencies whose signs are known when another one is asked for.
_OFTEN = ("EUR", "USD", "GBP", "JPY", "INR", *sorted(_SIGNS))
