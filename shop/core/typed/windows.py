"""Stretches of time as people write them: "today 18:00 for 20 minutes", "18:00 bis 19:30"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

from shop.core import formatting
from shop.core.typed.calendar_words import words_of
from shop.core.typed.clocks import MIDNIGHT, read_clocks
from shop.core.typed.durations import is_written_exactly, read_duration
from shop.core.typed.spelling import plain, quoted
from shop.core.typed.times import TypedTime, read_time
from shop.core.wall_time import instant_of, validate_instant, wall_time

_DAY = timedelta(days=1)
_MOST_CHARACTERS = 150
#: Between a beginning and how long it lasts.
_FOR = re.compile(r" (?:for|für|fuer|pendant|durante|por|per) |(?<=[0-9Z])/(?=P)", re.IGNORECASE)
#: Between a beginning and an end: a word, a dash, or the stroke of ISO 8601.
_TO = re.compile(
    r" (?:to|until|till?|bis|jusqu'(?:à|a|au|aux)|hasta|fino (?:a|alle)|à|au|a|al|alle) "
    r"| ?~ ?| - |(?<=[0-9h])-(?=[0-9])|(?<=[0-9Z])/(?=[0-9])",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    r"(?:^| )(?:between|zwischen|entre|tra|fra) (?P<first>.+) (?:and|und|et|y|e) (?=.)",
    re.IGNORECASE,
)
#: What an hour without a unit has from the one behind it: 6 to 8 pm, 18–20 Uhr.
_UNIT = re.compile(r"(?<=[0-9]) ?(?P<unit>[ap]\.? ?m\.?|uhr|h|heures|horas|ore)\b", re.IGNORECASE)
_BARE = re.compile(r"(?<![0-9:.,/-])[0-9]{1,2}(?::[0-9]{2})?$")
_FIGURES = re.compile(r"[0-9]{1,2}")
#: Machines write offsets like that; people leave the T out, and mean an end.
_WITH_OFFSET = re.compile(r"[0-9-]+T[0-9:.]+-[0-9:]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TypedWindow:
    """A stretch of time, ``[starts_at, ends_at)``.

    ``is_exact``: days, years and hours were written, so that nobody can have meant another.
    """

    starts_at: datetime
    ends_at: datetime
    is_exact: bool


def read_window(text: object, zone: ZoneInfo, *, now: datetime | None = None) -> TypedWindow | None:
    """A stretch of time that somebody has typed; None if the text has no beginning and end.

    An end without a day is on the day of the beginning or, if that would be before it, on the
    next one. How long it lasts is counted by the clock, whatever the wall shows.

    :param zone: the zone that it is written in
    :param now: what "today" counts from
    :raises ValidationError: it may mean two; or one of its times comes twice, or never
    """
    # A long dash is no minus of an offset.
    said = plain(re.sub("[\u2013\u2014]", "~", str(text)))
    if len(said) > _MOST_CHARACTERS or _WITH_OFFSET.fullmatch(said):
        return None
    said = _BETWEEN.sub(r" \g<first> ~ ", said).strip()
    found = {
        (each.starts_at, each.ends_at): each
        for each in (*_lasting(said, zone, now), *_bounded(said, zone, now))
    }
    if len(found) > 1:
        shown = " or ".join(_shown(each, zone) for each in found.values())
        raise ValidationError(f"{quoted(text)} may be {shown}. Write both times with their days.")
    return next(iter(found.values()), None)


def _shown(window: TypedWindow, zone: ZoneInfo) -> str:
    """ "2026-11-27 18:00 to 2026-11-27 18:20"."""
    bounds = (window.starts_at, window.ends_at)
    return " to ".join(formatting.iso_minute(each, zone) for each in bounds)


def _lasting(said: str, zone: ZoneInfo, now: datetime | None) -> Iterator[TypedWindow]:
    """Readings as a beginning and a duration.

    :raises ValidationError: the beginning comes twice, or never; there is no such year
    """
    for divider in _FOR.finditer(said):
        try:
            start = read_time(said[: divider.start()], zone, now=now)
            length = said[divider.end() :]
            seconds = read_duration(length)
        except ValidationError:
            continue
        starts_at = instant_of(start.time, zone)
        ends_at = starts_at + timedelta(seconds=seconds)
        validate_instant(ends_at)
        if seconds:
            is_exact = start.is_exact and is_written_exactly(length)
            yield TypedWindow(starts_at, ends_at, is_exact)


def _bounded(said: str, zone: ZoneInfo, now: datetime | None) -> Iterator[TypedWindow]:
    """Readings as a beginning and an end.

    :raises ValidationError: one of both comes twice, or never
    """
    for divider in _TO.finditer(said):
        first, last = (_bound(part) for part in (said[: divider.start()], said[divider.end() :]))
        for beginning in _beginnings(first, last):
            try:
                both = _both(beginning, last, zone, now)
            except ValidationError:
                continue
            window = _between(*both, zone)
            # An evening's pm is not lent to an hour behind it: 10 to 2 pm.
            if window is not None and (beginning == first or not _crosses_midnight(window, zone)):
                yield window


def _bound(part: str) -> str:
    """One side of a stretch: an hour without anything else is one."""
    side = part.replace("~", " - ").strip()
    return f"at {side}" if _FIGURES.fullmatch(side) else side


def _crosses_midnight(window: TypedWindow, zone: ZoneInfo) -> bool:
    """Whether it ends on another day than it begins."""
    days = (wall_time(each, zone).date() for each in (window.starts_at, window.ends_at))
    return len(set(days)) > 1


def _beginnings(first: str, last: str) -> Iterator[str]:
    """A beginning as it stands, and with the unit of the end's hour if it has none."""
    yield first
    if (unit := _UNIT.search(last)) and _BARE.search(first):
        yield f"{first} {unit['unit']}"


def _both(
    first: str, last: str, zone: ZoneInfo, now: datetime | None
) -> tuple[TypedTime, TypedTime]:
    """:raises ValidationError: one of both is no time, or may be two"""
    if plain(last).casefold() in MIDNIGHT:
        # It ends the day on which it began.
        last = "24:00"
    try:
        start = read_time(first, zone, now=now)
    except ValidationError:
        end = read_time(last, zone, now=now)
        if not end.has_day:
            raise
        return read_time(first, zone, now=now, day=_day(end, zone)), end
    end = read_time(last, zone, now=now, day=_day(start, zone))
    if end.has_day and not start.has_day and _begins_with_hour(last, zone):
        # 18:00 to 18:20 on 25 December: the day is that of both.
        start = read_time(first, zone, now=now, day=_day(end, zone))
    return start, end


def _begins_with_hour(last: str, zone: ZoneInfo) -> bool:
    words = words_of(last)
    return any(read_clocks(words[:size], zone, is_dated=True) for size in (1, 2, 3))


def _day(time: TypedTime, zone: ZoneInfo) -> date:
    return (wall_time(time.time, zone) if time.time.tzinfo else time.time).date()


def _between(start: TypedTime, end: TypedTime, zone: ZoneInfo) -> TypedWindow | None:
    """The stretch from one time to another; None if it ends before it begins.

    :raises ValidationError: one of both comes twice, or never
    """
    starts_at, ends_at = instant_of(start.time, zone), instant_of(end.time, zone)
    is_exact = start.is_exact and end.is_exact
    if ends_at <= starts_at and not end.has_day and not end.time.tzinfo:
        ends_at, is_exact = instant_of(end.time + _DAY, zone), False
    return TypedWindow(starts_at, ends_at, is_exact) if ends_at > starts_at else None
