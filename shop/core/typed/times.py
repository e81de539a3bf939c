"""Times as people write them: a day and an hour, in five languages.

A text is divided into a day and a time of the day at every blank, either first. Each division that
is both gives a reading. One reading is what its author meant; of several none is chosen.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime

from shop.core import formatting
from shop.core.typed.calendar_words import NOW, words_of
from shop.core.typed.clocks import TypedClock, read_clocks
from shop.core.typed.days import TypedDay, read_days, written_day
from shop.core.typed.durations import read_duration
from shop.core.typed.spelling import plain, quoted
from shop.core.typed.zone_names import ZoneMark, is_in_season, is_offset
from shop.core.wall_time import EXAMPLE, instants_of_wall_time, wall_time

_MOST_CHARACTERS = 100
_NO_TIME = f"Write it as {EXAMPLE}."
#: ISO 8601, with a blank in place of its T: read as machines read it.
_ISO = re.compile(
    r"(?:[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{8}|[0-9]{4}-?W[0-9]{2}-?[0-9])"
    r"[T ] *[0-9:.,]+ ?(?:Z|[+-][0-9:]{2,})?",
    re.IGNORECASE,
)
_IN = re.compile(r"(?:in|dans|dentro de|en|tra|fra) (?P<duration>.+)", re.IGNORECASE)
#: What may be the name of another zone.
_ABBREVIATION = re.compile(r"(?![ap]m$)[a-z]{2,5}")
#: Dashes of a stretch, which are no minus of an offset.
_DASHES = re.compile(r"\s*[\u2013\u2014]\s*")


@dataclass(frozen=True, slots=True)
class TypedTime:
    """A time: naive, or aware if it was written with its offset or with its zone's season.

    ``is_exact``: its day, year and hour were written, so that nobody can have meant another.
    ``has_day``: its day was written, in whatever way.
    """

    time: datetime
    is_exact: bool
    has_day: bool = True


def read_time(
    text: object,
    zone: ZoneInfo,
    *,
    now: datetime | None = None,
    day: date | None = None,
    is_past: bool = False,
) -> TypedTime:
    """A time that somebody has typed.

    >>> read_time("25. Dezember 2026, 17:30 Uhr", ZoneInfo("Europe/Berlin")).time
    datetime.datetime(2026, 12, 25, 17, 30)

    :param zone: the zone that it is written in
    :param now: what "today" and days without a year count from; without it, neither is read
    :param day: the day of an hour that stands alone; today's, if none is given
    :param is_past: whether it is a time that was: of a day without its year the latest is meant,
        not the next
    :raises ValidationError: it is no time, or may mean two
    """
    raw = _DASHES.sub(" - ", str(text))
    said = plain(raw)
    if any(each.isnumeric() and not each.isascii() for each in said):
        raise ValidationError(f"Write {quoted(text)} with the figures 0 to 9.")
    if not said or len(said) > _MOST_CHARACTERS:
        raise ValidationError(_NO_TIME)
    if (iso := _of_iso(said)) is not None:
        return TypedTime(iso, is_exact=True)
    if now is not None and (instant := _from_now(said, now)) is not None:
        return TypedTime(instant, is_exact=False)
    readings = _TypedWords(words_of(raw), zone, now, day, is_past).readings()
    return _only(readings, text)


def _of_iso(said: str) -> datetime | None:
    if not _ISO.fullmatch(said):
        return None
    try:
        time = parse_datetime(said)
    except ValueError:
        return None
    # 2026-12-25 18:00-19:30 is a stretch of time, and its second half no offset.
    return None if time is None or not is_offset(time.utcoffset()) else time


def _from_now(said: str, now: datetime) -> datetime | None:
    """ "Now", and "in 20 minutes"."""
    if said.casefold() in NOW:
        return now.replace(microsecond=0)
    found = _IN.fullmatch(said)
    if found is None:
        return None
    try:
        return now.replace(microsecond=0) + timedelta(seconds=read_duration(found["duration"]))
    except (ValidationError, OverflowError):
        return None


def _only(readings: list[TypedTime], text: object) -> TypedTime:
    """The one reading of a text.

    :raises ValidationError: there are several
    """
    distinct = {each.time.isoformat(): each for each in readings if not each.is_exact}
    distinct |= {each.time.isoformat(): each for each in readings if each.is_exact}
    if len(distinct) == 1:
        return next(iter(distinct.values()))
    times = [each.time for each in distinct.values()]
    shown = " or ".join(_shown(each) for each in times)
    written = " or ".join(_written(each) for each in times)
    raise ValidationError(f"{quoted(text)} may be {shown}. Write {written}.", "ambiguous")


def _shown(time: datetime) -> str:
    """ "Friday, 25 December 2026, 17:30"."""
    wall = time.replace(tzinfo=UTC)
    write = formatting.second if time.second else formatting.hour
    return f"{written_day(time.date())}, {write(wall, UTC)}"


def _written(time: datetime) -> str:
    """ "2026-12-25 17:30", with its offset if it has one."""
    wall = time.replace(tzinfo=UTC)
    written = (formatting.iso_second if time.second else formatting.iso_minute)(wall, UTC)
    return f"{written} {time:%:z}".rstrip()


@dataclass(slots=True)
class _TypedWords:
    """The words of one text, and what decides their meaning."""

    words: list[str]
    zone: ZoneInfo
    now: datetime | None
    day: date | None
    is_past: bool
    problems: list[ValidationError] = field(default_factory=list)

    def readings(self) -> list[TypedTime]:
        """:raises ValidationError: there is none"""
        found = [
            each
            for day_words, clock_words in self._divisions()
            for each in self._both(day_words, clock_words)
        ]
        if found:
            return found
        raise self.problems[0] if self.problems else ValidationError(self._what_is_missing())

    def _divisions(self) -> Iterator[tuple[list[str], list[str]]]:
        for place in range(1, len(self.words)):
            yield self.words[:place], self.words[place:]
            yield self.words[place:], self.words[:place]
        if self._day_alone is not None:
            yield [], self.words

    @property
    def _today(self) -> date | None:
        return None if self.now is None else wall_time(self.now, self.zone).date()

    @property
    def _day_alone(self) -> date | None:
        return self.day or self._today

    def _both(self, day_words: list[str], clock_words: list[str]) -> Iterator[TypedTime]:
        """The readings of a day and a time of the day; notes what contradicts itself."""
        for clock in read_clocks(clock_words, self.zone, is_dated=bool(day_words)):
            try:
                for day in self._days(day_words):
                    if (time := self._joined(day, clock)) is not None:
                        is_exact = day.is_exact and clock.is_exact
                        yield TypedTime(time, is_exact, has_day=bool(day_words))
            except ValidationError as problem:
                self.problems.append(problem)

    def _days(self, words: list[str]) -> list[TypedDay]:
        """:raises ValidationError: there is no such year; or an hour may be a day"""
        if words:
            return read_days(words, self._today)
        assert self._day_alone is not None
        if len(self.words) == 1 and read_days(self.words, self._today):
            raise ValidationError(
                f"{self.words[0]} may be a time or a day. Write the time with a colon, or say at "
                "what time of that day."
            )
        return [TypedDay((self._day_alone,), is_exact=self.day is not None)]

    def _joined(self, day: TypedDay, clock: TypedClock) -> datetime | None:
        """A time of a day; None if it recurs in no year that is counted.

        :raises ValidationError: it is of another weekday, or season, than was written
        """
        walls = [
            datetime(each.year, each.month, each.day) + clock.since_midnight  # noqa: DTZ001
            for each in day.dates
        ]
        wall = self._meant(walls, day.skips) if day.recurs else walls[0]
        if wall is None:
            return None
        day.check_weekday(day.dates[walls.index(wall)])
        return self._marked(wall, clock.mark)

    def _meant(self, walls: list[datetime], skips: int) -> datetime | None:
        """Of times that recur the next one, or the latest of the past."""
        assert self.now is not None
        now = wall_time(self.now, self.zone)
        if self.is_past:
            past = [each for each in reversed(walls) if each <= now]
            return past[skips] if skips < len(past) else None
        coming = [each for each in walls if each >= now]
        return coming[skips] if skips < len(coming) else None

    def _marked(self, wall: datetime, mark: ZoneMark) -> datetime:
        """A wall time with the offset that was written, or that its zone has in the season.

        :raises ValidationError: clocks of the zone are not of that season then
        """
        if mark.offset is not None:
            return wall.replace(tzinfo=timezone(mark.offset))
        if not mark.season:
            return wall
        for instant in instants_of_wall_time(wall, self.zone):
            if is_in_season(instant, self.zone, mark.season):
                return instant
        other = "standard" if mark.season == "daylight" else "summer"
        raise ValidationError(
            f"{self.zone.key} has {other} time at {_shown(wall)}: leave out the zone’s name, or "
            "write the offset."
        )

    def _what_is_missing(self) -> str:
        """What to write instead of a text that is no time."""
        days = read_days(self.words, self._today)
        if len(days) == 1 and not days[0].recurs:
            day = days[0].dates[0]
            return f"Say at what time of {written_day(day)}: {day} 18:00, or 18:00."
        if self.now is None and read_clocks(self.words, self.zone, is_dated=False):
            return f"Write the day, too. {_NO_TIME}"
        *known, last = self.words
        if known and _ABBREVIATION.fullmatch(last) and self._are_time(known):
            return (
                f"{last.upper()} is not understood: write a time of {self.zone.key}, or one with "
                "its offset, such as +01:00."
            )
        return _NO_TIME

    def _are_time(self, words: list[str]) -> bool:
        try:
            return bool(_TypedWords(words, self.zone, self.now, self.day, self.is_past).readings())
        except ValidationError:
            return False
