"""Numbers as people write them: with a decimal point or comma, and with groups of three figures."""

import re
from decimal import Decimal

from django.core.exceptions import ValidationError

from shop.core.typed.spelling import plain, quoted

#: More figures than any number here has: a text of thousands is not computed with.
MOST_FIGURES = 30
#: The code of an error: it has more decimals than it can have, or groups of figures.
DECIMALS = "decimals"
#: Less than the greatest number of a column.
MOST_UNITS = 10**18
_FIGURES = re.compile(r"[0-9]+")
#: 49.90, 49,90, .5; "49,-" is a price without cents.
_DECIMAL = re.compile(r"(?P<whole>[0-9]*)(?P<sign>[.,])(?P<decimals>[0-9]+|-{1,2})")
#: 1,299.50, 1.299,50, 1 299,50 and 1'299.50; and as in India: 12,34,567.00.
_GROUPED = re.compile(
    r"(?P<whole>[0-9]{1,3}(?P<group>[.,' ])[0-9]{3}(?:(?P=group)[0-9]{3})*"
    r"|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3})"
    r"(?:(?P<sign>[.,])(?P<decimals>[0-9]+|-{1,2}))?"
)


def read_number(text: object, what: str, *, decimals: int | None = None) -> Decimal:
    """A number of zero or more.

    Where one point or comma stands before three figures, it may begin decimals or divide groups:
    1.500. Only who knows how many decimals there can be can tell them apart.

    :param what: what it is, with an example, for the sentence that refuses another: "an amount
        such as 49.90"
    :param decimals: how many decimals it can have; None where it is not known
    :raises ValidationError: it is no number, or may mean two
    """
    figures = plain(text)
    if any(each.isnumeric() and not each.isascii() for each in figures):
        raise ValidationError(f"Write {quoted(text)} with the figures 0 to 9.")
    if figures.startswith("-") and len(figures) > 1:
        raise ValidationError(f"{quoted(text)} is below zero.")
    if len(figures) <= MOST_FIGURES:
        if _FIGURES.fullmatch(figures):
            return Decimal(figures)
        if (found := _DECIMAL.fullmatch(figures)) and not _may_be_group(found, decimals):
            return _decimal(found["whole"], found["decimals"])
        if (found := _GROUPED.fullmatch(figures)) and found["group"] != found["sign"]:
            _refuse_two_meanings(found, decimals)
            return _decimal(re.sub(r"[^0-9]", "", found["whole"]), found["decimals"] or "")
    raise ValidationError(f"{quoted(text) or 'Nothing'} is not {what}.")


def _decimal(whole: str, decimals: str) -> Decimal:
    """The number, with as many decimals as were written."""
    return Decimal(f"{whole or '0'}.{decimals.strip('-')}".removesuffix("."))


def _may_be_group(found: re.Match[str], decimals: int | None) -> bool:
    """Whether the figures after a point or comma may be the second group of a whole number."""
    if not re.fullmatch(r"[1-9][0-9]{0,2}", found["whole"]) or len(found["decimals"]) != 3:
        return False
    # Of a currency with three decimals, what the shop itself writes is read.
    return not (decimals == 3 and found["sign"] == ".")


def _refuse_two_meanings(found: re.Match[str], decimals: int | None) -> None:
    """:raises ValidationError: the one point or comma may begin decimals, too"""
    is_one = found["group"] in {".", ","} and found["sign"] is None
    whole, _, rest = found["whole"].partition(found["group"] or ",")
    if not is_one or len(rest) != 3 or whole == "0" or decimals == 0:
        return
    few = rest.rstrip("0")
    if decimals is not None and len(few) > decimals:
        raise ValidationError(f"If {found[0]} is {whole}{rest}, write {whole}{rest}.", DECIMALS)
    shown = few if decimals is None else few.ljust(decimals, "0")
    raise ValidationError(
        f"{found[0]} may be {whole}{rest} or {whole}{'.' if shown else ''}{shown}. "
        "Write the one that you mean."
    )


def read_count(text: object, of: str) -> int:
    """A whole number of units.

    :param of: what is counted, in the plural, for the sentence that refuses another
    :raises ValidationError: it is not whole, or no number, or may mean two
    """
    number = read_number(text, f"a whole number of {of}")
    if number != int(number):
        raise ValidationError(f"{quoted(text)} is not a whole number of {of}.")
    if number >= MOST_UNITS:
        raise ValidationError(f"{quoted(text)} is more {of} than can be counted.")
    return int(number)
