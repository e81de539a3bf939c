"""Words of a scenario that mean the same wherever they stand: money, numbers, spans of time."""

import re
from datetime import timedelta
from typing import NamedTuple

from shop.core.money import digits_of, format_money, is_currency

_IN_WORDS = """
    no one two three four five six seven eight nine ten eleven twelve
"""
NUMBERS = {word: number for number, word in enumerate(_IN_WORDS.split())}
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


class WrongWords(AssertionError):
    """A step that is known, with something in it that cannot be meant; the text says what."""


class Money(NamedTuple):
    """An amount in minor units of a currency."""

    amount: int
    currency: str

    def __str__(self) -> str:
        return format_money(self.amount, self.currency)


def number(text: str) -> int:
    """Units, as a figure or a word: "2" and "two" are 2, "no" is 0."""
    return NUMBERS[text] if text in NUMBERS else int(text)


def money(text: str) -> Money:
    """Money as QA writes it, in integers all the way: "9.90 EUR" is 990 cents.

    :raises WrongWords: no such currency, or not its number of decimals
    """
    figure, currency = text.split(" ")
    if not is_currency(currency):
        raise WrongWords(f"{currency} is not a currency of ISO 4217, such as EUR.")
    whole, _, decimals = figure.partition(".")
    digits = digits_of(currency)
    if len(decimals) != (digits if "." in figure else 0):
        example = f"9.{'9' * digits} {currency}" if digits else f"9 {currency}"
        raise WrongWords(f"{text}: amounts in {currency} are written like {example}.")
    return Money(int(whole) * 10**digits + int(decimals or 0), currency)


def duration(text: str) -> timedelta:
    """A span of time: "30 minutes", "an hour", "half an hour", "one hour and 30 seconds"."""
    return sum((_span(part) for part in text.split(" and ")), timedelta())


def _span(text: str) -> timedelta:
    if text == "half an hour":
        return timedelta(minutes=30)
    count, unit = re.fullmatch(r"(\w+) (\w+?)s?", text).groups()  # type: ignore[union-attr]
    units = 1 if count in {"a", "an"} else number(count)
    return units * timedelta(seconds=_UNITS[unit])
