"""Days as people write them."""

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from django.core.exceptions import ValidationError

from shop.core import formatting
from shop.core.typed.calendar_words import DAYS_FROM_TODAY, NEXT, months, weekdays

_DAY = timedelta(days=1)
_NEAR = range(-14, 15)
#: What stands before a day, and says nothing of which.
_BEFORE = frozenset(
    {"on", "am", "den", "der", "the", "le", "il", "el", "al", "dia", "from", "vom", "von", "du",
     "del", "dal", "de", "desde", "ab", "this", "coming", "diesen", "diesem", "kommenden", "ce",
     "este", "questo", "-"}
)  # fmt: skip
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})\.?")
_FIGURES = re.compile(r"([0-9]{1,2})([-/.]) ?([0-9]{1,2})(?:\2 ?([0-9]{4}|[0-9]{2})?)?")
_NTH = r"(?P<d>[0-9]{1,2})(?:\.|st|nd|rd|th|er|º|ª)?"
_YEAR = r"(?P<y>[0-9]{4}|'?[0-9]{2})"
#: 25. Dezember 2026, 25-Dec-2026, 25 de diciembre de 2026; December 25th 2026.
_DAY_FIRST = re.compile(
    rf"{_NTH}[ -]?(?:of |de )?(?P<m>[^\W\d]+)\.?(?:[ -](?:of |de |del )?{_YEAR})?"
)
_MONTH_FIRST = re.compile(rf"(?P<m>[^\W\d]+)\.? (?:the )?{_NTH}(?: {_YEAR})?")


@dataclass(frozen=True, slots=True)
class TypedDay:
    """A day: one date or, if it ``recurs``, all dates near today that it may be, in order.

    ``is_exact``: nobody who wrote that can have meant another. ``skips`` leaves out as many of the
    dates that are still to come. ``weekday`` is the one that was written beside it, from 0.
    """

    dates: tuple[date, ...]
    is_exact: bool = False
    recurs: bool = False
    skips: int = 0
    weekday: int | None = None

    def check_weekday(self, day: date) -> None:
        """:raises ValidationError: one of its dates is not of the weekday beside it"""
        if self.weekday is not None and day.weekday() != self.weekday:
            nearest = day + ((self.weekday - day.weekday() + 3) % 7 - 3) * _DAY
            raise ValidationError(
                f"{written_day(day)} and {written_day(nearest)} are two days: write the weekday "
                "or the date of the one that you mean."
            )


def read_days(words: list[str], today: date | None) -> list[TypedDay]:
    """All days that words may mean; none if they are no day.

    :param today: None where nobody knows what day it is: "tomorrow" is none then
    :raises ValidationError: there is no such year
    """
    named = _without_beginning(words)
    read: list[TypedDay] = []
    if today is not None and (read := _near_today(named, today)):
        return read
    if named and named[0] in weekdays():
        read += _of_weekday(_dates(_without_beginning(named[1:]), today), weekdays()[named[0]])
    if named and named[-1] in weekdays():
        read += _of_weekday(_dates(named[:-1], today), weekdays()[named[-1]])
    return read + _dates(named, today)


def _without_beginning(words: list[str]) -> list[str]:
    start = next((n for n, word in enumerate(words) if word not in _BEFORE), len(words))
    return words[start:]


def _near_today(named: list[str], today: date) -> list[TypedDay]:
    """Days that are said by where they are from today."""
    said = " ".join(named)
    if said in DAYS_FROM_TODAY:
        return [TypedDay((today + DAYS_FROM_TODAY[said] * _DAY,))]
    is_next = len(named) > 1 and (named[0] in NEXT or " ".join(named[1:]) in NEXT)
    weekday = weekdays().get(named[1] if named[0] in NEXT else named[0]) if is_next else None
    if weekday is not None:
        return [TypedDay(_weekdays_near(today, weekday), recurs=True, skips=n) for n in (0, 1)]
    if len(named) == 1 and (weekday := weekdays().get(named[0])) is not None:
        return [TypedDay(_weekdays_near(today, weekday), recurs=True)]
    return []


def _weekdays_near(today: date, weekday: int) -> tuple[date, ...]:
    near = (today + each * _DAY for each in _NEAR)
    return tuple(each for each in near if each.weekday() == weekday)


def _of_weekday(days: list[TypedDay], weekday: int) -> list[TypedDay]:
    """Days with the weekday beside them; it can tell which of two was meant."""
    named = [replace(each, weekday=weekday) for each in days]
    fitting = [each for each in named if each.recurs or each.dates[0].weekday() == weekday]
    return fitting or named


def written_day(day: date) -> str:
    """A day as people read it: "Friday, 27 November 2026"."""
    instant = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return f"{formatting.day(instant, UTC)} {day.year}"


def _dates(words: list[str], today: date | None) -> list[TypedDay]:
    """:raises ValidationError: there is no such year"""
    said = " ".join(words)
    if found := _YEAR_FIRST.fullmatch(said):
        return _of_year(found[1], [(int(found[4]), int(found[3]))], today)
    if found := _FIGURES.fullmatch(said):
        return _of_figures(found, today)
    found = _DAY_FIRST.fullmatch(said) or _MONTH_FIRST.fullmatch(said)
    month = months().get(found["m"]) if found else None
    if found is None or month is None:
        return []
    return _of_year(found["y"], [(int(found["d"]), month)], today)


def _of_figures(found: re.Match[str], today: date | None) -> list[TypedDay]:
    """12/11/2026: a day and a month, in either order; with points the day is the first."""
    first, sign, second, year = int(found[1]), found[2], int(found[3]), found[4]
    if sign == "-" and year is None:
        return []
    if sign != ".":
        read = _of_year(year, [(first, second), (second, first)], today)
        # 26-12-25 is the 25th for who writes the year first.
        if sign == "-" and year is not None and len(year) == 2:
            read += _of_year(found[1], [(int(year), second)], today)
        return _without_repeats(read)
    day_first = _of_year(year, [(first, second)], today)
    swapped = _of_year(year, [(second, first)], today)
    return day_first or [TypedDay(each.dates, recurs=each.recurs) for each in swapped]


def _without_repeats(read: list[TypedDay]) -> list[TypedDay]:
    return list({each.dates: each for each in read}.values())


def _of_year(
    year: str | None, days_and_months: list[tuple[int, int]], today: date | None
) -> list[TypedDay]:
    """The days of a year, or of the years near today if none is written.

    :raises ValidationError: there is no such year
    """
    found = []
    for day, month in days_and_months:
        if year is not None:
            figures = year.removeprefix("'")
            whole = int(figures) if len(figures) == 4 else 2000 + int(figures)
            if not 2000 <= whole < 3000:
                raise ValidationError("The year has to be from 2000 to 2999.")
            dates = _valid([whole], month, day)
            found.append(TypedDay(dates, is_exact=len(figures) == 4))
        elif today is not None:
            # A 29 February is eight years after the last one, at the most.
            near = range(max(2000, today.year - 8), min(3000, today.year + 9))
            found.append(TypedDay(_valid(near, month, day), recurs=True))
    return _without_repeats([each for each in found if each.dates])


def _valid(years: Iterable[int], month: int, day: int) -> tuple[date, ...]:
    """The dates of a day in those years that have it."""
    return tuple(
        date(year, month, day)
        for year in years
        if 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]
    )
