"""Durations in words."""

from datetime import timedelta

#: Units of time and their seconds, the largest first.
UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


def several(count: int, noun: str) -> str:
    """A count and what is counted: "1 unit", "24 units"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def exact_duration(seconds: int) -> str:
    """A duration to the second: 5400 is "1 hour 30 minutes"."""
    parts = []
    for unit, size in UNITS:
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(several(number, unit))
    return " ".join(parts) or "0 seconds"


def duration(span: timedelta) -> str:
    """How long something takes, by its two largest units: "7 minutes 12 seconds"."""
    seconds = max(0, span // timedelta(seconds=1))
    largest = next((place for place, (_, size) in enumerate(UNITS) if size <= seconds), 0)
    _, smallest_size = UNITS[min(largest + 1, len(UNITS) - 1)]
    return exact_duration(seconds - seconds % smallest_size)


def short_duration(span: timedelta) -> str:
    """A duration in one unit, for the axis of a chart: "90 s", "30 min", "4 h"."""
    seconds = span // timedelta(seconds=1)
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
