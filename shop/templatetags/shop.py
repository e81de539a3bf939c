"""The few filters that every page of the shop may use."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from shop.money import LOCALE, format_money

register = template.Library()


@register.filter
def money(amount: int, currency: str) -> str:
    """Minor units as people write them: ``{{ line.total|money:order.currency }}``."""
    return format_money(amount, currency)


@register.filter
def utc(instant: datetime) -> str:
    """An instant as machines read it: ISO 8601 in UTC, whole seconds."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


@register.filter
def clock(instant: datetime, zone: ZoneInfo) -> str:
    """An instant as people read it, with its zone: "14:36, Berlin time"."""
    return f"{format_time(instant, 'HH:mm', tzinfo=zone, locale=LOCALE)}, {place(zone)} time"


@register.filter
def day_and_clock(instant: datetime, zone: ZoneInfo) -> str:
    """The same with its day: "Friday, 27 November, 14:36, Berlin time"."""
    day = format_date(instant.astimezone(zone), "EEEE, d MMMM", locale=LOCALE)
    return f"{day}, {clock(instant, zone)}"


def place(zone: ZoneInfo) -> str:
    """What people call a zone: its city."""
    return zone.key.rpartition("/")[2].replace("_", " ")


@register.simple_tag
def moment(instant: datetime, zone: ZoneInfo, attribute: str = "") -> SafeString:
    """A ``<time>`` with the instant for machines and, without scripts, for people.

    :param attribute: ``window-ends`` makes it ``<time data-window-ends …>``
    """
    name = format_html(" data-{}", attribute) if attribute else ""
    return format_html('<time{} datetime="{}">{}</time>', name, utc(instant), clock(instant, zone))
