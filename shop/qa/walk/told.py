"""Instants and spans as words: whether words say an instant, and how far they may round."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from shop.qa.walk.account import SECOND

MINUTE = timedelta(minutes=1)
_OFFSET = re.compile(r"\(UTC[^)]*\)")
#: Units of time, and the next smaller ones, in which a span is told.
_UNITS = ((timedelta(days=1), timedelta(hours=1)), (timedelta(hours=1), MINUTE))


def says(words: str, instant: datetime, now: datetime, zone: ZoneInfo) -> bool:
    """Whether words say an instant: hour and minute, the zone, the day if it is not today's.

    In the hour that comes twice they have to say which of the two, by its offset.
    """
    if "UTC" in _OFFSET.sub("", words):
        zone = ZoneInfo("UTC")
    elif words.endswith("time") and zone.key.rpartition("/")[2].replace("_", " ") not in words:
        return False
    local, today = _wall(instant, zone), _wall(now, zone).date()
    if f"{local:%H:%M}" not in words:
        return False
    seconds = re.search(r"\d\d:\d\d:(\d\d)", words)
    if seconds and int(seconds[1]) != local.second:
        return False
    day = re.search(r"(?<![\d:])(\d?\d) [A-Z]|\d{4}-\d\d-(\d\d)", words)
    is_day = int(day[1] or day[2]) == local.day if day else local.date() == today
    return is_day and (not _comes_twice(instant, zone) or _offset(instant, zone) in words)


def rounded(instant: datetime, most: timedelta) -> list[datetime]:
    """The instants that words may say in place of one that is told up to so much later."""
    every = [instant, instant + min(most, SECOND)]
    if most >= MINUTE:
        for each in (instant, instant + most - MINUTE):
            whole = each.replace(second=0, microsecond=0)
            every.append(whole if whole == each else whole + MINUTE)
    return every


def coarseness(span: timedelta) -> timedelta:
    """How much less a span may say: it is told by its two largest units."""
    return next((smaller for unit, smaller in _UNITS if span >= unit), SECOND)


def shown(value: object) -> str:
    """A value as a finding says it."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "nothing" if value is None else str(value)


def _wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """The wall time in a zone, as if it were UTC: freezegun's datetimes lose their fold."""
    return instant.astimezone(zone).replace(tzinfo=UTC, fold=0)


def _comes_twice(instant: datetime, zone: ZoneInfo) -> bool:
    wall, day = _wall(instant, zone), timedelta(days=1)
    ahead = {_wall(each, zone) - each for each in (instant - day, instant + day)}
    return sum(_wall(wall - each, zone) == wall for each in ahead) > 1


def _offset(instant: datetime, zone: ZoneInfo) -> str:
    """Which of two equal times it is: "(UTC+2)"."""
    ahead = _wall(instant, zone) - instant
    hours, rest = divmod(abs(ahead), timedelta(hours=1))
    minutes = f":{rest // MINUTE:02}" if rest else ""
    return f"(UTC{'−' if ahead < timedelta() else '+'}{hours}{minutes})"
