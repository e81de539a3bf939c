"""Instants and spans as words: whether words say an instant, and how far they may round."""

import re
from datetime import datetime, timedelta
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
    local, today = instant.astimezone(zone), now.astimezone(zone).date()
    if f"{local:%H:%M}" not in words:
        return False
    seconds = re.search(r"\d\d:\d\d:(\d\d)", words)
    if seconds and int(seconds[1]) != local.second:
        return False
    day = re.search(r"(?<![\d:])(\d?\d) [A-Z]|\d{4}-\d\d-(\d\d)", words)
    is_day = int(day[1] or day[2]) == local.day if day else local.date() == today
    return is_day and (not _comes_twice(local) or _has_offset(words, local))


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


def _comes_twice(local: datetime) -> bool:
    return local.replace(fold=1 - local.fold).utcoffset() != local.utcoffset()


def _has_offset(words: str, local: datetime) -> bool:
    """Whether words tell which of two equal times it is: "02:30 (UTC+2)"."""
    sign, hours, minutes = f"{local:%z}"[0], int(f"{local:%z}"[1:3]), f"{local:%z}"[3:5]
    more = f":{minutes}" if minutes != "00" else ""
    return f"(UTC{sign.replace('-', '−')}{hours}{more})" in words
