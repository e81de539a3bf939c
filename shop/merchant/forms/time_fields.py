"""Form fields in which merchants write times as people do: the time on the wall, a span of it."""

import re
from datetime import UTC, datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.safestring import SafeString

from shop.merchant.reports.labels import UNITS

_EXAMPLE = "2026-11-27 12:00"


class _InstantBoundField(forms.BoundField):
    """Keeps the instant that a form began with for machines: its zone may be another one later."""

    def as_hidden(self, attrs: Any = None, **options: Any) -> SafeString:
        if not options.get("only_initial"):
            return super().as_hidden(attrs, **options)
        began = self.form.data.get(self.html_initial_name)
        if began is None:
            began = self.initial.isoformat() if isinstance(self.initial, datetime) else ""
        given = {"id": self.html_initial_id}
        return self.field.hidden_widget().render(self.html_initial_name, began, given)


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

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        return _InstantBoundField(form, self, field_name)

    def prepare_value(self, value: Any) -> Any:
        """The time on the wall; what was written, as it was written."""
        if not isinstance(value, datetime):
            return value
        wall = on_the_wall(value, self.zone)
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


def on_the_wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the wall in a zone shows at an instant, naive: what ``the_instant`` reads."""
    return instant.astimezone(zone).replace(tzinfo=None)


def _instants(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """All instants at which the wall shows a time, the first one first."""
    both = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return sorted(each for each in both if on_the_wall(each, zone) == wall)


def _with_offset(wall: datetime, instant: datetime) -> str:
    """What the wall shows at an instant, with the offset that tells it from another one.

    Worked out, because the travelling clock's datetimes forget their ``fold``.
    """
    return str(wall.replace(tzinfo=timezone(wall.replace(tzinfo=UTC) - instant)))


_UNIT_NAMES = {
    "second": {"s", "sec", "secs", "second", "seconds"},
    "minute": {"m", "min", "mins", "minute", "minutes"},
    "hour": {"h", "hr", "hrs", "hour", "hours"},
    "day": {"d", "day", "days"},
}
_PART = re.compile(r"(\d{1,9})\s*([a-z]*)")


class SpanField(forms.CharField):
    """A span of time, written as people say it ("30 minutes", "1 h 30 min"), kept in seconds.

    A number alone is minutes.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=40, **options)

    def prepare_value(self, value: Any) -> Any:
        """Seconds in words; what was written, as it was written."""
        return span_in_words(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        """:raises ValidationError: it is no span of time"""
        if isinstance(value, int):
            return value
        text = str(value or "").strip().lower()
        if not text:
            return None
        parts = _PART.findall(text)
        if not parts or _PART.sub("", text).strip(" ,"):
            raise ValidationError("Write it as 30 minutes, or 1 h 30 min.")
        return sum(int(number) * _seconds_of(unit) for number, unit in parts)

    # A CharField counts characters; this value has none.
    def run_validators(self, value: Any) -> None:
        """Nothing of the text is left to check; bounds are the model's."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != self.to_python(initial))
        except ValidationError:
            return True


def span_in_words(seconds: int) -> str:
    """All of a span: 5400 is "1 hour 30 minutes"."""
    parts = []
    for unit, size in UNITS:
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(f"{number} {unit}{'' if number == 1 else 's'}")
    return " ".join(parts) or "0 seconds"


def _seconds_of(unit: str) -> int:
    if not unit:
        unit = "minute"
    for name, size in UNITS:
        if unit in _UNIT_NAMES[name]:
            return size
    raise ValidationError(f"{unit} is no unit of time: seconds, minutes, hours or days.")
