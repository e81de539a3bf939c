"""Times of the day as people write them."""

import re
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from shop.core.typed.zone_names import NO_MARK, ZoneMark, mark_of

_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)
#: What stands before an hour: "at 17:30", "um 17 Uhr", "alle ore 17.30"; "from" begins a window.
_BEFORE = frozenset(
    {"at", "um", "a", "las", "la", "les", "alle", "ore", "@", "-", "from", "ab", "von", "de", "des",
     "desde", "dalle"}
)  # fmt: skip
_UNIT = r"(?:h|uhr|hrs?|hours?|heures?|horas?|ore|o'clock)"
#: 17:30, 17.30, 17:30:15; 17h30, 17 h 30 min 15 s, 17 Uhr 30; 17 Uhr; 17.
_CLOCK = re.compile(
    rf"(?P<h>[0-9]{{1,2}})(?:"
    rf"(?P<point>[:.])(?P<m>[0-9]{{2}})(?:(?P=point)(?P<s>[0-9]{{2}}))?(?: ?{_UNIT})?"
    rf"| ?(?:h|uhr) ?(?P<um>[0-9]{{2}})(?: ?min)?(?: ?(?P<us>[0-9]{{2}}) ?s)?"
    rf"|(?P<unit> ?{_UNIT})?)"
)
#: Parts of a day by the hours that they have.
_MORNING, _MIDDAY, _AFTERNOON, _EVENING = (0, 11), (11, 14), (12, 18), (17, 23)
_PARTS = {
    **dict.fromkeys(
        ("in the morning", "morning", "this morning", "morgens", "vormittags", "vormittag",
         "morgen", "fruh", "frueh", "du matin", "matin", "ce matin", "de la manana",
         "por la manana", "manana", "di mattina", "del mattino", "mattina", "mattino"), _MORNING),
    **dict.fromkeys(("mittags", "mittag", "del mediodia"), _MIDDAY),
    **dict.fromkeys(
        ("in the afternoon", "afternoon", "this afternoon", "nachmittags", "nachmittag",
         "de l'apres-midi", "apres-midi", "cet apres-midi", "de la tarde", "por la tarde",
         "tarde", "del pomeriggio", "di pomeriggio", "pomeriggio"), _AFTERNOON),
    **dict.fromkeys(
        ("in the evening", "evening", "this evening", "at night", "abends", "abend", "du soir",
         "soir", "ce soir", "de la noche", "por la noche", "noche", "di sera", "della sera",
         "sera"), _EVENING),
}  # fmt: skip
_LONGEST_PART = 3
_NOON = frozenset(
    {"noon", "12 noon", "midday", "mittag", "mittags", "midi", "mediodia", "mezzogiorno"}
)
MIDNIGHT = frozenset(
    {"midnight", "12 midnight", "mitternacht", "minuit", "medianoche", "mezzanotte"}
)


@dataclass(frozen=True, slots=True)
class TypedClock:
    """A time of the day on the wall; 24 hours after midnight is the end of the day.

    ``is_exact``: nobody who wrote that can have meant another.
    """

    since_midnight: timedelta
    is_exact: bool
    mark: ZoneMark = NO_MARK


def read_clocks(words: list[str], zone: ZoneInfo, *, is_dated: bool) -> list[TypedClock]:
    """All times of the day that words may mean; none if they are no time of the day.

    :param zone: the zone whose names may stand behind the time
    :param is_dated: whether the day stands elsewhere: without it, "morgen" is no morning
    """
    found: list[TypedClock] = []
    for end in range(len(words), 0, -1):
        mark = mark_of(words[end:], zone)
        if mark is not None:
            found += [
                TypedClock(since, is_exact, mark)
                for since, is_exact in _unmarked(words[:end], is_dated)
            ]
    return found


def _unmarked(words: list[str], is_dated: bool) -> list[tuple[timedelta, bool]]:
    """Times since midnight, and whether they are exact."""
    start = next((n for n, word in enumerate(words) if word not in _BEFORE), len(words))
    readings = _whole_hours(words, start)
    readings += _figures(words[start:], hours=None, has_at=start > 0)
    for size in range(1, min(_LONGEST_PART, len(words) - 1) + 1):
        if hours := _PARTS.get(" ".join(words[-size:])):
            readings += _figures(words[start:-size], hours=hours, has_at=True)
        if is_dated and (hours := _PARTS.get(" ".join(words[:size]))):
            rest = words[size:]
            skipped = next((n for n, word in enumerate(rest) if word not in _BEFORE), len(rest))
            readings += _figures(rest[skipped:], hours=hours, has_at=True)
    return readings


def _whole_hours(words: list[str], start: int) -> list[tuple[timedelta, bool]]:
    """Noon; and midnight, which begins a day and ends it."""
    said = " ".join(words[start:])
    if said in _NOON:
        return [(12 * _HOUR, True)]
    if said in MIDNIGHT:
        return [(timedelta(), False), (24 * _HOUR, False)]
    return []


def _figures(
    words: list[str], *, hours: tuple[int, int] | None, has_at: bool
) -> list[tuple[timedelta, bool]]:
    """The times of figures: 17:30, 5:30 pm, 17 Uhr.

    :param hours: the first and the last hour of the part of the day that was named
    :param has_at: whether a word says that an hour follows
    """
    meridiem = words[-1] if words and words[-1] in {"am", "pm"} else ""
    joined = " ".join(words).removesuffix(meridiem).rstrip() if meridiem else " ".join(words)
    if not meridiem and joined.endswith(("am", "pm")):
        joined, meridiem = joined[:-2], joined[-2:]
    found = _CLOCK.fullmatch(joined)
    if found is None:
        return []
    hour, minute = int(found["h"]), int(found["m"] or found["um"] or 0)
    second = int(found["s"] or found["us"] or 0)
    is_bare = not (found["m"] or found["um"] or found["unit"])
    if is_bare and not (meridiem or hours or has_at):
        return []
    rest = timedelta(minutes=minute, seconds=second)
    if minute > 59 or second > 59 or hour > 24 or (hour == 24 and rest):
        return []
    return [(each * _HOUR + rest, sure) for each, sure in _hours(hour, meridiem, hours, is_bare)]


def _hours(
    hour: int, meridiem: str, hours: tuple[int, int] | None, is_bare: bool
) -> list[tuple[int, bool]]:
    """The hours of the day that an hour may mean, and whether each is sure."""
    if meridiem and not hours:
        # Whether 12:00 am is midnight not everybody knows.
        if 1 <= hour <= 12:
            return [(hour % 12 + 12 * (meridiem == "pm"), hour != 12)]
        return [(hour, True)] if 13 <= hour < 24 and meridiem == "pm" else []
    if meridiem:
        return []
    if hours:
        twice = {hour, hour % 12 + 12} if hour <= 12 else {hour}
        within = [each for each in sorted(twice) if hours[0] <= each <= hours[1]]
        return [(each, True) for each in within]
    if is_bare and 1 <= hour <= 12:
        return [(hour % 12, False), (hour % 12 + 12, False)]
    return [(hour, True)]
