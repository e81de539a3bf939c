"""Conversion between wall times of a zone and instants."""

from datetime import UTC, datetime, timezone
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

EXAMPLE = "2026-11-27 12:00"
#: Sales are within these, far from the calendar's ends: whatever is added to one is a date.
_EARLIEST, _END = datetime(2000, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)


def is_in_range(instant: datetime) -> bool:
    """Whether an instant is in the years 2000 to 2999, in UTC."""
    return _EARLIEST <= instant < _END


def validate_instant(instant: datetime) -> None:
    """:raises ValidationError: it is not in the years in which sales are"""
    if not is_in_range(instant):
        raise ValidationError("The year has to be from 2000 to 2999.")


def instant_of(time: datetime, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, of a wall time in a zone, or of a time with an offset.

    :raises ValidationError: the time does not exist or comes twice; the year is out of range
    """
    validate_instant(time if time.tzinfo else time.replace(tzinfo=zone))
    if time.tzinfo is not None:
        return time.astimezone(UTC)
    instants = instants_of_wall_time(time, zone)
    if not instants:
        raise ValidationError(f"There is no {time} in {zone.key}: clocks are put forward over it.")
    if len(instants) > 1:
        written = " or ".join(with_offset(time, instant) for instant in instants)
        raise ValidationError(f"{time} comes twice in {zone.key}. Write {written}.")
    return instants[0]


def wall_time(instant: datetime, zone: ZoneInfo) -> datetime:
    """The naive wall time of an instant in a zone."""
    return instant.astimezone(zone).replace(tzinfo=None)


def instants_of_wall_time(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """All instants of a wall time, the earliest first: none, one or two."""
    both = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return sorted(each for each in both if wall_time(each, zone) == wall)


def with_offset(wall: datetime, instant: datetime) -> str:
    """A wall time with its offset at an instant; the QA clock's times have no ``fold`` to use."""
    return str(wall.replace(tzinfo=timezone(wall.replace(tzinfo=UTC) - instant)))
