"""Money, numbers and durations in the steps of a scenario."""

import re
from datetime import timedelta
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.text import slugify

from shop.core.currencies import digits_of
from shop.core.money import format_money, validate_currency
from shop.core.typed.durations import read_duration

UNITS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TO_NINETEEN = (
    *("no", *UNITS, "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen"),
    *("seventeen", "eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_FROM_TWENTY = (f"{ten}-{unit}" if unit else ten for ten in TENS for unit in ("", *UNITS))
#: The numbers that may be words, from "no" to "ninety-nine".
NUMBERS = {word: number for number, word in enumerate((*TO_NINETEEN, *_FROM_TWENTY))}
#: Durations that people say without a number, by what ``read_duration`` reads.
_IDIOMS = {
    "three quarters of an hour": "45 minutes",
    "a quarter of an hour": "15 minutes",
    "half an hour": "30 minutes",
}


class WrongWords(AssertionError):
    """A known step with a value that is impossible; the text says which."""


class Money(NamedTuple):
    """An amount in minor units of a currency."""

    amount: int
    currency: str

    def __str__(self) -> str:
        return format_money(self.amount, self.currency)


def number(text: str) -> int:
    """A number in figures or a word: "2" and "two" are 2, "no" is 0."""
    return NUMBERS[text] if text in NUMBERS else int(text)


def money(text: str) -> Money:
    """An amount without floats: "9.90 EUR" is 990 cents.

    :raises WrongWords: no such currency, or not its number of decimals
    """
    figure, currency = text.split(" ")
    try:
        validate_currency(currency)
    except ValidationError as error:
        raise WrongWords(error.message) from None
    whole, _, decimals = figure.partition(".")
    digits = digits_of(currency)
    if len(decimals) != (digits if "." in figure else 0):
        example = f"9.{'9' * digits} {currency}" if digits else f"9 {currency}"
        raise WrongWords(f"{text}: amounts in {currency} are written like {example}.")
    return Money(int(whole) * 10**digits + int(decimals or 0), currency)


def duration(text: str) -> timedelta:
    """A duration: "30 minutes", "an hour", "half an hour", "one hour and 30 seconds"."""
    for idiom, plain in _IDIOMS.items():
        text = text.replace(idiom, plain)
    counts = {"a": 1, "an": 1, **NUMBERS}
    words = text.replace(" and ", " ").split()
    plain = " ".join(str(counts.get(each, each)) for each in words)
    plain = re.sub(r"(\d+) weeks?", lambda weeks: f"{7 * int(weeks[1])} days", plain)
    return timedelta(seconds=read_duration(plain))


def variant_sku(sku: str, size: str) -> str:
    """The sku of a size of a product: "TEE-M"; the product's own without a size."""
    return f"{sku}-{sku_of(size)}" if size else sku


def sku_of(name: str) -> str:
    """The sku of what a scenario calls so: "chef's knife" is CHEFS-KNIFE."""
    return slugify(name).upper()
