"""Instants to the second, with year and zone, for the clock's panel and bar."""

from datetime import datetime, tzinfo

from babel.dates import format_date
from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from shop.core.formatting import second, utc, zone_name
from shop.core.money import LOCALE
from shop.core.wall_time import wall_time

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
    date_format = "EEE, d MMM y" if short else "EEEE, d MMMM y"
    return format_html(
        '<time{} datetime="{}" data-zone="{}">{}, <span class="qa-figure">{}</span>, {}</time>',
        format_html(" data-{}", name) if name else "",
        utc(instant),
        str(zone),
        format_date(wall_time(instant, zone), date_format, locale=LOCALE),
        second(instant, zone),
        zone_name(zone),
    )
