"""Conversion between wall times of a zone and instants.

Where clocks are put back, an hour of wall time comes twice; where they are put forward, one never
comes. Nothing here reads ``fold`` of a datetime that it was given: freezegun's lose it.
"""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

EXAMPLE = "2026-11-27 12:00"
#: Sales are within these, far from the calendar's ends: whatever is added to one is a date.
_EARLIEST, _END = datetime(2000, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def is_in_range(instant: datetime) -> bool:
    """Whether an instant is in the years 2000 to 2999, in UTC."""
    return _EARLIEST <= instant < _END


def validate_instant(instant: datetime) -> None:
    """:raises ValidationError: it is not in the years in which sales are"""
    if not is_in_range(instant):
        raise ValidationError("The year has to be from 2000 to 2999.")


# --- Reading ----------------------------------------------------------------------


def instant_of(time: datetime, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, of a wall time in a zone, or of a time with an offset.

    :raises ValidationError: the time never comes (code ``never``) or comes twice (``twice``); the
        year is out of range
    """
    validate_instant(time if time.tzinfo else time.replace(tzinfo=zone))
    if time.tzinfo is not None:
        return time.astimezone(UTC)
    instants = instants_of_wall_time(time, zone)
    if not instants:
        raise ValidationError(_never(time, zone), "never")
    if len(instants) > 1:
        raise ValidationError(_twice(instants, zone), "twice")
    return instants[0]


def _never(wall: datetime, zone: ZoneInfo) -> str:
    after = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    change = clock_change(before, after, zone)
    last, first = wall_time(change - _SECOND, zone), wall_time(change, zone)
    return (
        f"There is no {wall} in {zone.key}: clocks are put forward over it. "
        f"The nearest times are {last} and {first}."
    )


def _twice(instants: list[datetime], zone: ZoneInfo) -> str:
    first, second = (written(each, zone) for each in instants)
    return (
        f"{wall_time(instants[0], zone)} comes twice in {zone.key}: clocks are put back over it. "
        f"Say which: {first} or {second}."
    )


# --- Writing ----------------------------------------------------------------------


def written(instant: datetime, zone: tzinfo) -> str:
    """An instant as it is typed exactly: with its offset if its wall time comes twice.

    >>> written(datetime(2027, 10, 31, 0, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    '2027-10-31 02:30:00 +02:00'
    """
    wall = wall_time(instant, zone)
    return f"{wall} {numeric_offset(instant, zone)}" if comes_twice(instant, zone) else str(wall)


def wall_time(instant: datetime, zone: tzinfo) -> datetime:
    """The naive wall time of an instant in a zone."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def offset_of(instant: datetime, zone: tzinfo) -> timedelta:
    """How far a zone's wall time is ahead of UTC at an instant."""
    return wall_time(instant, zone).replace(tzinfo=UTC) - instant


def numeric_offset(instant: datetime, zone: tzinfo) -> str:
    """The offset as ISO 8601 writes it: "+02:00"."""
    return f"{wall_time(instant, zone).replace(tzinfo=timezone(offset_of(instant, zone))):%:z}"


# --- Hours that come twice, or never ------------------------------------------------


def next_minute(instant: datetime) -> datetime:
    """The instant, or the beginning of the minute after it: clocks on pages have no seconds."""
    minute = instant.replace(second=0, microsecond=0)
    return minute if minute == instant else minute + timedelta(minutes=1)


def comes_twice(instant: datetime, zone: tzinfo) -> bool:
    """Whether a zone's clocks show the wall time of an instant at another instant too."""
    return zone is not UTC and len(instants_of_wall_time(wall_time(instant, zone), zone)) > 1


def instants_of_wall_time(wall: datetime, zone: tzinfo) -> list[datetime]:
    """All instants of a wall time, the earliest first: none, one or two."""
    both = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return sorted(each for each in both if wall_time(each, zone) == wall)


def clock_change(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The first whole second at which a zone has its offset of ``after``, by halving.

    :param before: an instant at which it has another one, earlier than ``after``
    """
    offset = offset_of(after, zone)
    low = before.astimezone(UTC).replace(microsecond=0)
    high = after.astimezone(UTC).replace(microsecond=0)
    while high - low > _SECOND:
        middle = low + (high - low) // (2 * _SECOND) * _SECOND
        if offset_of(middle, zone) == offset:
            high = middle
        else:
            low = middle
    return high


def put_back_at(instant: datetime, zone: tzinfo) -> datetime | None:
    """When clocks are put back over the wall time of an instant; None if it comes once."""
    if not comes_twice(instant, zone):
        return None
    first, second = instants_of_wall_time(wall_time(instant, zone), zone)
    return clock_change(first, second, zone)
