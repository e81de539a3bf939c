"""The few tags and filters that every page of the shop may use."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from shop.money import format_money

register = template.Library()


@register.filter
def money(amount: int, currency: str) -> str:
    """Minor units as people write them: ``{{ line.total|money:order.currency }}``."""
    return format_money(amount, currency)


@register.filter
def utc(instant: datetime) -> str:
    """An instant as machines read it: ISO 8601 in UTC, whole seconds."""
    return f"{instant.astimezone(timezone.UTC):%Y-%m-%dT%H:%M:%SZ}"
