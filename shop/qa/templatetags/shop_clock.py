"""Instants to the second, with year and zone, for the clock's panel and bar."""

from datetime import datetime, tzinfo

from babel.dates import format_date
from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from shop.core.formatting import utc, zone_name
from shop.core.money import LOCALE

register = template.Library()


@register.simple_tag
def to_the_second(
    instant: datetime, zone: tzinfo | None = None, name: str = "", *, short: bool = False
) -> SafeString:
    """``<time>``: "Friday, 27 November 2026, 12:14:59, Berlin time".

    :param zone: the shop's own, if none is given
    :param name: ``shop-time`` makes it ``<time data-shop-time …>``
    :param short: "Fri, 27 Nov 2026" for the day
    """
    zone = zone or timezone.get_default_timezone()
    local = instant.astimezone(zone)
    return format_html(
        '<time{} datetime="{}">{}, <span class="qa-figure">{}</span>, {}</time>',
        format_html(" data-{}", name) if name else "",
        utc(instant),
        format_date(local, "EEE, d MMM y" if short else "EEEE, d MMMM y", locale=LOCALE),
        f"{local:%H:%M:%S}",
        zone_name(zone),
    )


@register.filter
def for_input(instant: datetime) -> str:
    """The value of an ``<input type="datetime-local">``, in the shop's zone."""
    return f"{instant.astimezone(timezone.get_default_timezone()):%Y-%m-%dT%H:%M:%S}"
