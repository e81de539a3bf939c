"""Form fields in which merchants write as people do: money, and the time on the wall."""

from datetime import UTC, datetime, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision
from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime

from shop.money import major_units

_EXAMPLE = "2026-11-27 12:00"


class MoneyField(forms.DecimalField):
    """An amount written in the currency's unit (4.99), kept in minor units (499).

    ``currency`` is that of the amount there is. What is written may be in
    another one, chosen in the same form, so the form converts it with
    ``minor_units`` once it knows.
    """

    currency: str | None = None

    def prepare_value(self, value: Any) -> Any:
        """Minor units in the currency's unit; what was written, as it was written."""
        if isinstance(value, int) and self.currency:
            return major_units(value, self.currency)
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


def minor_units(amount: Decimal, currency: str) -> int:
    """An amount in the currency's unit, in minor units: Decimal("4.99"), "EUR" is 499.

    :raises ValidationError: it has more decimals than the currency
    """
    precision = get_currency_precision(currency)
    minor = amount.scaleb(precision)
    if minor != minor.to_integral_value():
        raise ValidationError(
            f"Amounts in {currency} have {precision} decimals."
            if precision
            else f"Amounts in {currency} have no decimals."
        )
    return int(minor)


class WallTimeField(forms.CharField):
    """An instant, written as the time on the wall in ``zone``.

    Twice a year a wall's time is no instant, or two: an hour that does not
    exist is refused, one that comes twice has to be written with its offset,
    and is shown so.
    """

    zone = ZoneInfo("UTC")

    def __init__(self, **options: Any) -> None:
        super().__init__(
            help_text=f"As {_EXAMPLE}, in the sale's own time zone.", max_length=40, **options
        )

    def prepare_value(self, value: Any) -> Any:
        """The time on the wall; what was written, as it was written."""
        if not isinstance(value, datetime):
            return value
        wall = value.astimezone(self.zone).replace(tzinfo=None)
        return _with_offset(wall, value) if len(_instants(wall, self.zone)) > 1 else str(wall)

    def to_python(self, value: Any) -> Any:
        """:raises ValidationError: it is no time, or not exactly one instant"""
        if isinstance(value, datetime) or value in self.empty_values:
            return value or None
        try:
            time = parse_datetime(str(value).strip())
        except ValueError:
            time = None
        if time is None:
            raise ValidationError(f"Write it as {_EXAMPLE}.")
        # Far from the calendar's ends, so that whatever is added to it is a date.
        if not 2000 <= time.year < 3000:
            raise ValidationError("The year has to be from 2000 to 2999.")
        return the_instant(time, self.zone)

    # A CharField counts characters; this value has none.
    def run_validators(self, value: Any) -> None:
        """Nothing more to check: ``to_python`` did."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != initial)
        except ValidationError:
            return True


def the_instant(time: datetime, zone: ZoneInfo) -> datetime:
    """The one instant, in UTC, at which the wall in a zone shows this time.

    :param time: one with an offset is an instant already
    :raises ValidationError: it never shows it, or does so twice
    """
    if time.tzinfo is not None:
        return time.astimezone(UTC)
    instants = _instants(time, zone)
    if not instants:
        raise ValidationError(f"There is no {time} in {zone.key}: clocks are put forward over it.")
    if len(instants) > 1:
        written = " or ".join(_with_offset(time, instant) for instant in instants)
        raise ValidationError(f"{time} comes twice in {zone.key}. Write {written}.")
    return instants[0]


def _instants(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """All instants at which the wall shows a time, the first one first."""
    both = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return sorted(each for each in both if each.astimezone(zone).replace(tzinfo=None) == wall)


def _with_offset(wall: datetime, instant: datetime) -> str:
    """What the wall shows at an instant, with the offset that tells it from another one.

    Worked out, because the travelling clock's datetimes forget their ``fold``.
    """
    return str(wall.replace(tzinfo=timezone(wall.replace(tzinfo=UTC) - instant)))
