"""Spans of time in words."""

from datetime import timedelta

from django.core.exceptions import ValidationError

#: Units of time and their seconds, the largest first.
UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


def duration(span: timedelta) -> str:
    """How long something takes, by its two largest units: "7 minutes 12 seconds"."""
    rest = max(0, span // timedelta(seconds=1))
    parts: list[str] = []
    for unit, size in UNITS:
        number, below = divmod(rest, size)
        if (number and len(parts) < 2) or (unit == "second" and not parts):
            parts.append(f"{number} {unit}{'' if number == 1 else 's'}")
            rest = below
        elif parts:
            break
    return " ".join(parts)


def short_duration(span: timedelta) -> str:
    """The same for the axis of a chart: "90 s", "30 min", "4 h"."""
    seconds = span // timedelta(seconds=1)
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def several(count: int, noun: str) -> str:
    """A count and what is counted: "1 unit", "24 units"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


_UNIT_NAMES = {
    "second": {"s", "sec", "secs", "second", "seconds"},
    "minute": {"m", "min", "mins", "minute", "minutes"},
    "hour": {"h", "hr", "hrs", "hour", "hours"},
    "day": {"d", "day", "days"},
}


def exact_duration(seconds: int) -> str:
    """All of a span: 5400 is "1 hour 30 minutes"."""
    parts = []
    for unit, size in UNITS:
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(f"{number} {unit}{'' if number == 1 else 's'}")
    return " ".join(parts) or "0 seconds"


def seconds_of_unit(unit: str) -> int:
    if not unit:
        unit = "minute"
    for name, size in UNITS:
        if unit in _UNIT_NAMES[name]:
            return size
    raise ValidationError(f"{unit} is no unit of time: seconds, minutes, hours or days.")
