"""Dates, times, zones and countries as text for people and machines.

Every time that a person reads is written here. Where clocks are put back and an hour comes twice,
each function that writes an hour adds the offset from UTC: "02:30 (UTC+2)". All other times have
none: their zone stands next to them.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from babel import Locale
from babel.dates import format_date
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.safestring import SafeString

from shop.core.money import LOCALE
from shop.core.wall_time import comes_twice, offset_of, put_back_at, wall_time


def sentences(error: Exception) -> list[str]:
    """The messages of an error."""
    return error.messages if isinstance(error, ValidationError) else [str(error)]


def country(code: str) -> str:
    """The name of a country by its ISO 3166-1 code."""
    return str(Locale(LOCALE).territories.get(code, code))


def utc(instant: datetime) -> str:
    """An instant as machines read it: ISO 8601 in UTC, whole seconds."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def utc_to_the_millisecond(instant: datetime) -> str:
    """The same to the millisecond: where a page's countdown starts from."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def hour(instant: datetime, zone: tzinfo) -> str:
    """The hour and minute alone, where the zone stands next to it: "14:36"."""
    return f"{wall_time(instant, zone):%H:%M}{_which(instant, zone)}"


def second(instant: datetime, zone: tzinfo) -> str:
    """The same to the second: "14:36:00"."""
    return f"{wall_time(instant, zone):%H:%M:%S}{_which(instant, zone)}"


def to_the_minute(instant: datetime, zone: tzinfo) -> str:
    """An instant in a table, where the zone stands below it: "27 Nov 2026, 14:36"."""
    return f"{wall_time(instant, zone):%-d %b %Y}, {hour(instant, zone)}"


def iso_minute(instant: datetime, zone: tzinfo) -> str:
    """An instant as forms show it, where the zone stands next to it: "2026-11-27 14:36"."""
    return f"{wall_time(instant, zone):%F} {hour(instant, zone)}"


def iso_second(instant: datetime, zone: tzinfo) -> str:
    """The same to the second: "2026-11-27 14:36:00"."""
    return f"{wall_time(instant, zone):%F} {second(instant, zone)}"


def offset(instant: datetime, zone: tzinfo) -> str:
    """A zone's offset at an instant: "UTC+2", "UTC−3:30", "UTC+0"."""
    ahead = offset_of(instant, zone)
    hours, rest = divmod(abs(ahead), timedelta(hours=1))
    minutes = f":{rest // timedelta(minutes=1):02}" if rest else ""
    return f"UTC{'−' if ahead < timedelta() else '+'}{hours}{minutes}"


def _which(instant: datetime, zone: tzinfo) -> str:
    """Which of two equal times it is: the offset in brackets, or nothing if it comes once."""
    return f" ({offset(instant, zone)})" if comes_twice(instant, zone) else ""


def clock_change_note(zone: tzinfo, *instants: datetime) -> str:
    """Why one of the instants is shown with its offset; empty if none is.

    "At 03:00 (UTC+2) clocks are put back to 02:00 (UTC+1)."
    """
    for instant in instants:
        change = put_back_at(instant, zone)
        if change is not None:
            before = change - timedelta(seconds=1)
            reached = wall_time(before, zone) + timedelta(seconds=1)
            return (
                f"At {reached:%H:%M} ({offset(before, zone)}) clocks are put back to "
                f"{wall_time(change, zone):%H:%M} ({offset(change, zone)})."
            )
    return ""


def clock(instant: datetime, zone: tzinfo) -> str:
    """An instant as people read it, with its zone: "14:36, Berlin time"."""
    return f"{hour(instant, zone)}, {zone_name(zone)}"


def day(instant: datetime, zone: tzinfo) -> str:
    """Its day there: "Friday, 27 November"."""
    return format_date(wall_time(instant, zone), "EEEE, d MMMM", locale=LOCALE)


def short_day(instant: datetime, zone: tzinfo) -> str:
    """Its day there, where the year is clear: "27 Nov"."""
    return f"{wall_time(instant, zone):%-d %b}"


def day_and_clock(instant: datetime, zone: tzinfo) -> str:
    """The same with its day: "Friday, 27 November, 14:36, Berlin time"."""
    return f"{day(instant, zone)}, {clock(instant, zone)}"


def exactly(instant: datetime, zone: tzinfo) -> str:
    """The same to the second, with its year: "Friday, 27 November 2026, 14:36:00, Berlin time"."""
    return f"{day_and_second(instant, zone)}, {zone_name(zone)}"


def day_and_second(instant: datetime, zone: tzinfo) -> str:
    """The same where the zone stands next to it: "Friday, 27 November 2026, 14:36:00"."""
    date = format_date(wall_time(instant, zone), "EEEE, d MMMM y", locale=LOCALE)
    return f"{date}, {second(instant, zone)}"


def zone_name(zone: tzinfo) -> str:
    """What people call a zone's time, by its city: "Berlin time"."""
    place = str(zone).rpartition("/")[2].replace("_", " ")
    return place if place == "UTC" else f"{place} time"


def moment(
    instant: datetime, zone: tzinfo, attribute: str = "", now: datetime | None = None
) -> SafeString:
    """A ``<time>`` with the instant for machines and, without scripts, for people.

    :param attribute: ``window-ends`` makes it ``<time data-window-ends …>``
    :param now: given, the day is told too unless it is today's
    """
    return _moment(instant, zone, attribute, not now or is_same_day(instant, now, zone))


@lru_cache(maxsize=256)
def _moment(instant: datetime, zone: tzinfo, attribute: str, is_today: bool) -> SafeString:
    text = clock(instant, zone) if is_today else day_and_clock(instant, zone)
    name = format_html(" data-{}", attribute) if attribute else ""
    return format_html('<time{} datetime="{}">{}</time>', name, utc(instant), text)


def clock_face(instant: datetime, zone: tzinfo, attribute: str, now: datetime) -> SafeString:
    """The same in large type: the hour as a figure, offset, day and zone small below it."""
    where = zone_name(zone)
    if not is_same_day(instant, now, zone):
        where = f"{day(instant, zone)}, {where}"
    which = _which(instant, zone)
    return format_html(
        '<time data-{} datetime="{}"><span class="figure">{}{}</span>'
        '<span class="comma">, </span><span class="where">{}</span></time>',
        attribute,
        utc(instant),
        f"{wall_time(instant, zone):%H:%M}",
        format_html("<small>{}</small>", which) if which else "",
        where,
    )


def is_same_day(one: datetime, other: datetime, zone: tzinfo) -> bool:
    """Whether two instants are of one day in a zone."""
    return wall_time(one, zone).date() == wall_time(other, zone).date()
