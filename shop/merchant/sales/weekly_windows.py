"""Windows of weekly copies, at the same time on the wall whatever clocks do in between.

Where a copy's opening never comes or comes twice, it counts with the offset before the change, as
RFC 5545 (3.3.5) has it: 02:30 on the day that clocks are put forward is 03:30, and 02:30 on the
day that they are put back is the first. A series that begins in a second 02:30 takes the second.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from shop.core.formatting import clock, day, day_and_clock, hour, is_same_day
from shop.core.wall_time import comes_twice, instants_of_wall_time, wall_time
from shop.sales.models import Sale

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class CopyWindow:
    """The window ``[starts_at, ends_at)`` of a copy; ``note`` says what clocks make of it."""

    starts_at: datetime
    ends_at: datetime
    note: str = ""


def weekly_windows(sale: Sale, first: datetime, count: int) -> Iterator[CopyWindow]:
    """As many windows, a week apart on the wall, the first of them from an instant on.

    Each opens and closes at the same wall times. One that opens or closes at a time that never
    comes or comes twice is as long by the clock as the others, and has a note.
    """
    zone, opening, lasts = sale.zone, wall_time(first, sale.zone), _length(sale)
    for week in range(count):
        opens = opening + week * WEEK
        closes = opens + lasts
        starts_at = first if week == 0 else _occurrence(opens, first, zone)
        changed = next((wall for wall in (opens, closes) if not _is_plain(wall, zone)), None)
        if changed is None:
            yield CopyWindow(starts_at, instants_of_wall_time(closes, zone)[0])
        else:
            ends_at = starts_at + lasts
            yield CopyWindow(starts_at, ends_at, _note(changed, starts_at, ends_at, zone))


def a_week_after(instant: datetime, zone: ZoneInfo) -> datetime:
    """When the copy of a sale that opens at an instant opens a week later."""
    return _occurrence(wall_time(instant, zone) + WEEK, instant, zone)


def _length(sale: Sale) -> timedelta:
    """How long the sale is on the wall, or by the clock if one of its wall times comes twice."""
    zone = sale.zone
    if comes_twice(sale.starts_at, zone) or comes_twice(sale.ends_at, zone):
        return sale.ends_at - sale.starts_at
    return wall_time(sale.ends_at, zone) - wall_time(sale.starts_at, zone)


def _is_plain(wall: datetime, zone: ZoneInfo) -> bool:
    """Whether a wall time comes exactly once."""
    return len(instants_of_wall_time(wall, zone)) == 1


def _occurrence(wall: datetime, first: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a wall time in a series that begins with ``first``."""
    begins = instants_of_wall_time(wall_time(first, zone), zone)
    is_second = len(begins) > 1 and first == begins[1]
    fold = 1 if is_second and len(instants_of_wall_time(wall, zone)) > 1 else 0
    # With fold=0 a time that never comes has the offset before the change, too.
    return wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _note(wall: datetime, starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> str:
    """What clocks do at a wall time of a copy, and when it opens and closes for it."""
    comes, way = "comes twice", "back"
    if not instants_of_wall_time(wall, zone):
        comes, way = "does not come", "forward"
    until = (clock if is_same_day(starts_at, ends_at, zone) else day_and_clock)(ends_at, zone)
    return (
        f"{wall:%H:%M} {comes} on {day(wall.replace(tzinfo=UTC), UTC)}, as clocks are put {way}: "
        f"that copy opens at {hour(starts_at, zone)} and closes at {until}."
    )
