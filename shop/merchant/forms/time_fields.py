"""Form fields for wall times and durations."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.safestring import SafeString

from shop.core.durations import exact_duration
from shop.core.typed.durations import read_duration
from shop.core.wall_time import EXAMPLE, instant_of, parse_time, written
from shop.core.wall_time_input import WallTimeInput


class _InstantBoundField(forms.BoundField):
    """Renders the hidden initial value as an ISO instant: the zone may change meanwhile."""

    def as_hidden(self, attrs: Any = None, **options: Any) -> SafeString:
        if not options.get("only_initial"):
            return super().as_hidden(attrs, **options)
        began = self.form.data.get(self.html_initial_name)
        if began is None:
            began = self.initial.isoformat() if isinstance(self.initial, datetime) else ""
        given = {"id": self.html_initial_id}
        return self.field.hidden_widget().render(self.html_initial_name, began, given)


class _ParsedField(forms.CharField):
    """Text that stands for a value of another type."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=100, **options)

    # A CharField counts characters; these values have none, and their bounds are the model's.
    def run_validators(self, value: Any) -> None:
        """Check nothing more than ``to_python`` does."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != self.to_python(initial))
        except ValidationError:
            return True


class WallTimeField(_ParsedField):
    """An instant, written as wall time in ``zone``; if that comes twice, one of both is chosen."""

    widget = WallTimeInput

    def __init__(self, **options: Any) -> None:
        super().__init__(help_text=f"As {EXAMPLE}, in the sale's own time zone.", **options)

    @property
    def zone(self) -> ZoneInfo:
        """The zone that it is written in: UTC until it is set."""
        return self._input.zone

    @zone.setter
    def zone(self, zone: ZoneInfo) -> None:
        self._input.zone = zone

    @property
    def _input(self) -> WallTimeInput:
        assert isinstance(self.widget, WallTimeInput)
        return self.widget

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        return _InstantBoundField(form, self, field_name)

    def prepare_value(self, value: Any) -> Any:
        """An instant as wall time; text unchanged."""
        return written(value, self.zone) if isinstance(value, datetime) else value

    def to_python(self, value: Any) -> Any:
        """:raises ValidationError: it is not exactly one instant"""
        if isinstance(value, datetime) or value in self.empty_values:
            return value or None
        return instant_of(parse_time(str(value)), self.zone)


def set_zone(form: forms.BaseForm, zone: ZoneInfo) -> None:
    """Set the zone that a form's wall times are written in."""
    for field in form.fields.values():
        if isinstance(field, WallTimeField):
            field.zone = zone


class DurationField(_ParsedField):
    """Seconds, written like "30 minutes" or "1 h 30 min"; a number alone is minutes."""

    def prepare_value(self, value: Any) -> Any:
        """Seconds in words; text unchanged."""
        return exact_duration(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        """:raises ValidationError: it is no duration"""
        if isinstance(value, int):
            return value
        text = str(value or "").strip()
        return read_duration(text) if text else None
