"""Filters and tags that every page of the shop may use, without loading them."""

from datetime import datetime
from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.timezone import get_default_timezone

from shop.catalog.pictures import Picture
from shop.core import formatting, page_cache
from shop.core.money import format_money

register = template.Library()

for name in (
    "clock",
    "country",
    "day",
    "day_and_clock",
    "exactly",
    "hour",
    "iso_second",
    "second",
    "to_the_minute",
    "utc",
    "utc_to_the_millisecond",
    "zone_name",
):
    register.filter(name, getattr(formatting, name))

register.filter("money", format_money)
register.simple_tag(formatting.moment)
register.simple_tag(formatting.clock_face)
register.simple_tag(formatting.clock_change_note)
register.tag(page_cache.gap)
register.tag(page_cache.gap_item)


@register.filter
def shop_time(instant: datetime) -> str:
    """An instant in a table, in the shop's own zone: "27 Nov 2026, 14:36"."""
    return formatting.to_the_minute(instant, get_default_timezone())


#: Pictures of a page that are there when it opens; those further down wait until they are near.
EAGER_PICTURES = 8


@register.simple_tag
def picture(picture: Picture, sizes: str, place: int = 0) -> SafeString:
    """A picture in the formats and widths it has: ``{% picture product.picture "50vw" 3 %}``.

    :param sizes: how wide it is shown, in the words of HTML's ``sizes``
    :param place: its position on the page, from 1
    """
    return _picture(picture, sizes, is_lazy=place > EAGER_PICTURES)


@lru_cache(maxsize=1024)
def _picture(picture: Picture, sizes: str, *, is_lazy: bool) -> SafeString:
    given = {"picture": picture, "sizes": sizes, "is_lazy": is_lazy}
    return render_to_string("_picture.html", given)
