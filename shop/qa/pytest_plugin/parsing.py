"""Money, numbers and durations in the steps of a scenario."""

from datetime import timedelta
from typing import NamedTuple

from django.core.exceptions import ValidationError

from shop.core.durations import parse_duration
from shop.core.money import digits_of, format_money, validate_currency

_IN_WORDS = "no one two three four five six seven eight nine ten eleven twelve"
NUMBERS = {word: number for number, word in enumerate(_IN_WORDS.split())}


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
    counts = {"a": 1, "an": 1, **NUMBERS}
    words = text.replace("half an hour", "30 minutes").replace(" and ", " ").split()
    return timedelta(
        seconds=parse_duration(" ".join(str(counts.get(each, each)) for each in words))
    )
