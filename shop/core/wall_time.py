"""Between the time on a zone's wall and the instant it shows."""

from datetime import UTC, datetime, timezone
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

EXAMPLE = "2026-11-27 12:00"


def instant_of(time: datetime, zone: ZoneInfo) -> datetime:
    """The one instant, in UTC, at which the wall in a zone shows this time.

    :param time: one with an offset is an instant already
    :raises ValidationError: it never shows it, or does so twice
    """
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
    """What the wall in a zone shows at an instant, naive: what ``the_instant`` reads."""
    return instant.astimezone(zone).replace(tzinfo=None)


def instants_of_wall_time(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """All instants at which the wall shows a time, the first one first."""
    both = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return sorted(each for each in both if wall_time(each, zone) == wall)


def with_offset(wall: datetime, instant: datetime) -> str:
    """What the wall shows at an instant, with the offset that tells it from another one.

    Worked out, because the travelling clock's datetimes forget their ``fold``.
    """
    return str(wall.replace(tzinfo=timezone(wall.replace(tzinfo=UTC) - instant)))
