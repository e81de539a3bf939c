"""Offsets and names of a time zone, as people write them behind a time."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import get_timezone_name

from shop.core.formatting import zone_name
from shop.core.typed.calendar_words import words_of
from shop.core.typed.money import LANGUAGES
from shop.core.wall_time import offset_of, wall_time

type Season = Literal["", "standard", "daylight"]
_VARIANTS: tuple[Literal["generic", "standard", "daylight"], ...] = (
    "generic",
    "standard",
    "daylight",
)
#: UTC, UTC+1, GMT-03:30, +01:00, +0100, -0300. "-05:00" may be the end of a stretch.
_OFFSET = re.compile(
    r"(?:utc|gmt|z)|(?P<utc>utc|gmt)? ?(?P<sign>[+-])(?P<h>[0-9]{1,2})(?P<colon>:?)(?P<m>[0-9]{2})?"
)


@dataclass(frozen=True, slots=True)
class ZoneMark:
    """What a text says of its zone: an offset from UTC, or the season's name of the zone itself."""

    offset: timedelta | None = None
    season: Season = ""


NO_MARK = ZoneMark()


def mark_of(words: list[str], zone: ZoneInfo) -> ZoneMark | None:
    """What words say of a zone; None if they name no offset and not this zone."""
    if not words:
        return NO_MARK
    said = " ".join(words)
    season = _names_of(zone).get(said)
    if season is not None:
        return ZoneMark(season=season)
    found = _OFFSET.fullmatch(said)
    return _offset_mark(found) if found else None


def _offset_mark(found: re.Match[str]) -> ZoneMark | None:
    sign = found["sign"]
    if sign is None:
        return ZoneMark(timedelta())
    if sign == "-" and not found["utc"] and (found["colon"] or not found["m"]):
        return None
    ahead = timedelta(hours=int(found["h"]), minutes=int(found["m"] or 0))
    offset = ahead if sign == "+" else -ahead
    return ZoneMark(offset) if int(found["m"] or 0) < 60 and is_offset(offset) else None


def is_offset(offset: timedelta | None) -> bool:
    """Whether a place on earth may have an offset from UTC; None is that of any."""
    return offset is None or timedelta(hours=-12) <= offset <= timedelta(hours=14)


def is_in_season(instant: datetime, zone: ZoneInfo, season: Season) -> bool:
    """Whether a zone's clocks are put forward at an instant, as a season's name says; "" is any."""
    if not season:
        return True
    standard, _ = _offsets(zone, wall_time(instant, zone).year)
    return (offset_of(instant, zone) > standard) is (season == "daylight")


def _offsets(zone: ZoneInfo, year: int) -> tuple[timedelta, timedelta]:
    """The offsets of a year, the lesser first: in the south, January has the greater one."""
    both = (offset_of(datetime(year, month, 1, tzinfo=UTC), zone) for month in (1, 7))
    standard, daylight = sorted(both)
    return standard, daylight


@lru_cache(maxsize=64)
def _names_of(zone: ZoneInfo) -> dict[str, Season]:
    """What a zone is called, and in which season alone; "" for its names of all the year."""
    names: dict[str, Season] = {}
    for month in (1, 7):
        instant = datetime(2026, month, 1, tzinfo=UTC)
        name = str(instant.astimezone(zone).tzname())
        if name.isalpha():
            is_later = is_in_season(instant, zone, "daylight")
            names[_key(name)] = "daylight" if is_later else "standard"
    for language in LANGUAGES:
        names |= _names_in(zone, language, "short") | _names_in(zone, language, "long")
    city = zone_name(zone).removesuffix(" time")
    always = (zone.key, f"{city} time", f"in {city}", "local time", "Ortszeit", "heure locale")
    return names | {_key(each): "" for each in always}


def _names_in(zone: ZoneInfo, language: str, width: Literal["short", "long"]) -> dict[str, Season]:
    generic, standard, daylight = (
        _key(get_timezone_name(zone, width, locale=language, zone_variant=variant))
        for variant in _VARIANTS
    )
    if standard == daylight:
        return {generic: "", standard: ""}
    return {generic: "", standard: "standard", daylight: "daylight"}


def _key(name: str) -> str:
    return " ".join(words_of(name))
