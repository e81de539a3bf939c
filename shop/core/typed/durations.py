"""Durations as people write them."""

import re
from decimal import Decimal

from django.core.exceptions import ValidationError

from shop.core.typed.numbers import read_number
from shop.core.typed.spelling import plain, quoted

EXAMPLE = "30 minutes, or 1 h 30 min"
#: A hundred years: no promise is longer, and no column's bound is reached by it.
_MOST_SECONDS = 100 * 366 * 86_400
_WEEK, _DAY, _HOUR, _MINUTE, _SECOND = 604_800, 86_400, 3600, 60, 1
# fmt: off
#: Units by what people call them in English, German, French, Spanish and Italian.
_UNITS = {
    **dict.fromkeys((
        "w", "wk", "wks", "week", "weeks", "wo", "wo.", "woche", "wochen", "sem", "sem.", "semaine",
        "semaines", "semana", "semanas", "settimana", "settimane", "sett", "sett.",
    ), _WEEK),
    **dict.fromkeys((
        "d", "day", "days", "t", "t.", "tg", "tg.", "tag", "tage", "tagen", "j", "j.", "jour",
        "jours", "día", "días", "dia", "dias", "g", "g.", "gg", "giorno", "giorni",
    ), _DAY),
    **dict.fromkeys((
        "h", "h.", "hr", "hrs", "hour", "hours", "std", "std.", "stunde", "stunden", "heure",
        "heures", "hora", "horas", "ora", "ore",
    ), _HOUR),
    **dict.fromkeys((
        "m", "m.", "min", "min.", "mins", "minute", "minutes", "minuten", "minuto", "minutos",
        "minuti", "mn",
    ), _MINUTE),
    **dict.fromkeys((
        "s", "s.", "sec", "sec.", "secs", "second", "seconds", "sek", "sek.", "sekunde",
        "sekunden", "seconde", "secondes", "seg", "seg.", "segundo", "segundos", "secondo",
        "secondi",
    ), _SECOND),
}
#: Units whose length depends on when they begin.
_CALENDAR_UNITS = frozenset({
    "month", "months", "mo", "monat", "monate", "mois", "mes", "meses", "mese", "mesi",
    "year", "years", "y", "yr", "jahr", "jahre", "an", "ans", "año", "años", "anno", "anni",
})
#: One of something, and what joins its parts.
_ONE = frozenset({"a", "an", "one", "ein", "eine", "einen", "einer", "un", "une", "una", "uno"})
_AND = frozenset({"and", "und", "et", "y", "e", "&", "+", ","})
#: What is said without a figure, in seconds.
_IDIOMS = {
    **dict.fromkeys((
        "half an hour", "a half hour", "half hour", "eine halbe stunde", "halbe stunde",
        "une demi-heure", "une demi heure", "demi-heure", "media hora", "mezz'ora", "mezzora",
        "mezza ora",
    ), 30 * _MINUTE),
    **dict.fromkeys((
        "a quarter of an hour", "quarter of an hour", "quarter hour", "eine viertelstunde",
        "viertelstunde", "un quart d'heure", "quart d'heure", "un cuarto de hora",
        "cuarto de hora", "un quarto d'ora", "quarto d'ora",
    ), 15 * _MINUTE),
    **dict.fromkeys((
        "three quarters of an hour", "dreiviertelstunde", "eine dreiviertelstunde",
        "trois quarts d'heure", "tres cuartos de hora", "tre quarti d'ora",
    ), 45 * _MINUTE),
    **dict.fromkeys((
        "an hour and a half", "one and a half hours", "anderthalb stunden", "eineinhalb stunden",
        "une heure et demie", "hora y media", "una hora y media", "un'ora e mezza",
        "un'ora e mezzo",
    ), 90 * _MINUTE),
    **dict.fromkeys((
        "half a day", "ein halber tag", "einen halben tag", "une demi-journée", "medio día",
        "mezza giornata",
    ), _DAY // 2),
    "un'ora": _HOUR,
}
# fmt: on
#: ISO 8601-1:2019, section 5.5.2; only its smallest part may have decimals.
_ISO = re.compile(
    r"P(?=.)(?:(?P<w>[0-9.,]+)W)?(?:(?P<d>[0-9.,]+)D)?"
    r"(?:T(?=.)(?:(?P<h>[0-9.,]+)H)?(?:(?P<m>[0-9.,]+)M)?(?:(?P<s>[0-9.,]+)S)?)?",
    re.IGNORECASE,
)
_ISO_UNITS = {"w": _WEEK, "d": _DAY, "h": _HOUR, "m": _MINUTE, "s": _SECOND}
#: 1:30 and 00:30 are hours and minutes, 00:30:00 has seconds.
_CLOCK = re.compile(r"(?P<h>[0-9]{1,3}):(?P<m>[0-5][0-9])(?::(?P<s>[0-5][0-9]))?")
#: A number, maybe in groups of three figures; a word; a sign.
_TOKEN = re.compile(r"[0-9](?:[0-9.,']*[0-9])?(?: [0-9]{3}(?![0-9]))*|[^\W\d_]+\.?|\S")
_NO_DURATION = f"Write it as {EXAMPLE}."


def read_duration(text: object) -> int:
    """A duration, in seconds; a whole number alone is minutes.

    >>> read_duration("1,5 h"), read_duration("PT30M"), read_duration("1 Std. 30")
    (5400, 1800, 5400)

    :raises ValidationError: it is no duration in whole seconds, or may mean two
    """
    words = plain(text).casefold()
    if len(words) > 100:
        raise ValidationError(_NO_DURATION)
    seconds = _of_idiom(words)
    if seconds is None:
        seconds = _of_iso(words)
    if seconds is None:
        seconds = _of_clock(words)
    if seconds is None:
        seconds = _of_parts(words)
    if seconds > _MOST_SECONDS:
        raise ValidationError(f"{quoted(text)} is more than a hundred years.")
    if seconds != int(seconds):
        raise ValidationError(f"{quoted(text)} has a fraction of a second: write whole ones.")
    return int(seconds)


def is_written_exactly(text: object) -> bool:
    """Whether nobody can have meant another duration: no decimal comma, and no 1:30."""
    words = plain(text)
    return not (_CLOCK.fullmatch(words) or re.search(r"[0-9][,'][0-9]", words))


def _of_idiom(words: str) -> Decimal | None:
    return Decimal(_IDIOMS[words]) if words in _IDIOMS else None


def _of_iso(words: str) -> Decimal | None:
    found = _ISO.fullmatch(words)
    if found is None:
        return None
    given = [(found[name], size) for name, size in _ISO_UNITS.items() if found[name]]
    return _sum([(_number(count), size) for count, size in given])


def _of_clock(words: str) -> Decimal | None:
    found = _CLOCK.fullmatch(words)
    if found is None:
        return None
    return Decimal(sum(int(found[name] or 0) * _ISO_UNITS[name] for name in "hms"))


def _of_parts(words: str) -> Decimal:
    """:raises ValidationError: it is not made of numbers and units, the largest first"""
    tokens = _TOKEN.findall(words)
    parts: list[tuple[Decimal, int]] = []
    count: Decimal | None = None
    for token in tokens:
        if token[0].isdigit() and count is None:
            count = _number(token)
        elif token in _ONE and count is None:
            count = Decimal(1)
        elif token in _UNITS and count is not None:
            parts.append((count, _UNITS[token]))
            count = None
        elif not (token in _AND and parts and count is None):
            raise ValidationError(_what_is_wrong(token, count))
    if count is not None:
        parts.append((count, _unit_unsaid(parts, count)))
    return _sum(parts)


def _number(text: str) -> Decimal:
    return read_number(text, "a number such as 1.5")


def _what_is_wrong(token: str, count: Decimal | None) -> str:
    if token in _CALENDAR_UNITS:
        return f"How long {quoted(token)} is depends on the calendar: write it in days."
    if count is not None and token.isalpha():
        return f"{quoted(token)} is no unit of time: seconds, minutes, hours, days or weeks."
    return _NO_DURATION


def _unit_unsaid(parts: list[tuple[Decimal, int]], count: Decimal) -> int:
    """The unit of a number without one: minutes where it is alone, or behind hours (1 h 30).

    :raises ValidationError: it is not known
    """
    is_alone, is_behind_hours = not parts, parts and parts[-1][1] == _HOUR
    if count != int(count) or not (is_alone or (is_behind_hours and count < 60)):
        raise ValidationError(f"Say of what {count.normalize():f} is: hours, or minutes.")
    return _MINUTE


def _sum(parts: list[tuple[Decimal, int]]) -> Decimal:
    """:raises ValidationError: parts are missing or out of order, or not whole before the last"""
    sizes = [size for _, size in parts]
    if not parts or sizes != sorted(set(sizes), reverse=True):
        raise ValidationError(_NO_DURATION)
    if any(count != int(count) for count, _ in parts[:-1]):
        raise ValidationError("Only the smallest unit may have decimals: 1 h 30 min, or 1.5 h.")
    return sum((count * size for count, size in parts), Decimal(0))
