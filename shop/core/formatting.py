"""Dates, times, zones and countries as text for people and machines."""

from datetime import UTC, datetime, tzinfo

from babel import Locale
from babel.dates import format_date
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.safestring import SafeString

from shop.core.money import LOCALE


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
    return f"{instant.astimezone(zone):%H:%M}"


def to_the_minute(instant: datetime, zone: tzinfo) -> str:
    """An instant in a table, where the zone stands below it: "27 Nov 2026, 14:36"."""
    return f"{instant.astimezone(zone):%-d %b %Y, %H:%M}"


def second(instant: datetime, zone: tzinfo) -> str:
    """The same to the second: "14:36:00"."""
    return f"{instant.astimezone(zone):%H:%M:%S}"


def clock(instant: datetime, zone: tzinfo) -> str:
    """An instant as people read it, with its zone: "14:36, Berlin time"."""
    return f"{hour(instant, zone)}, {zone_name(zone)}"


def day(instant: datetime, zone: tzinfo) -> str:
    """Its day there: "Friday, 27 November"."""
    return format_date(instant.astimezone(zone), "EEEE, d MMMM", locale=LOCALE)


def day_and_clock(instant: datetime, zone: tzinfo) -> str:
    """The same with its day: "Friday, 27 November, 14:36, Berlin time"."""
    return f"{day(instant, zone)}, {clock(instant, zone)}"


def exactly(instant: datetime, zone: tzinfo) -> str:
    """The same to the second, with its year: "Friday, 27 November 2026, 14:36:00, Berlin time"."""
    there = instant.astimezone(zone)
    date = format_date(there, "EEEE, d MMMM y", locale=LOCALE)
    return f"{date}, {second(instant, zone)}, {zone_name(zone)}"


def wall(instant: datetime, zone: tzinfo) -> str:
    """The same as ``<input type="datetime-local">`` wants it: "2026-11-27T14:36:00"."""
    return f"{instant.astimezone(zone):%Y-%m-%dT%H:%M:%S}"


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
    is_today = not now or _is_day_of(instant, now, zone)
    text = clock(instant, zone) if is_today else day_and_clock(instant, zone)
    name = format_html(" data-{}", attribute) if attribute else ""
    return format_html('<time{} datetime="{}">{}</time>', name, utc(instant), text)


def clock_face(instant: datetime, zone: tzinfo, attribute: str, now: datetime) -> SafeString:
    """The same in large type: the hour as a figure, day and zone small below it."""
    where = zone_name(zone)
    if not _is_day_of(instant, now, zone):
        where = f"{day(instant, zone)}, {where}"
    return format_html(
        '<time data-{} datetime="{}"><span class="figure">{}</span>'
        '<span class="comma">, </span><span class="where">{}</span></time>',
        attribute,
        utc(instant),
        hour(instant, zone),
        where,
    )


def _is_day_of(instant: datetime, now: datetime, zone: tzinfo) -> bool:
    return instant.astimezone(zone).date() == now.astimezone(zone).date()
