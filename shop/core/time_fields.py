"""Form fields for wall times and durations."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.safestring import SafeString

from shop.core.durations import exact_duration
from shop.core.formatting import exactly
from shop.core.typed.durations import is_written_exactly, read_duration
from shop.core.typed.spelling import plain
from shop.core.wall_time import EXAMPLE, instant_of, written
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


class TypedField(forms.CharField):
    """Text that stands for a value of another type."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=100, **options)

    def surprise(self, text: str) -> str:
        """What a valid text was read as, in words, if another reading is conceivable; else ""."""
        raise NotImplementedError

    # A CharField counts characters; these values have none, and their bounds are the model's.
    def run_validators(self, value: Any) -> None:
        """Check nothing more than ``to_python`` does."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != self.to_python(initial))
        except ValidationError:
            return True


class WallTimeField(TypedField):
    """An instant, written as wall time in ``zone``; if that comes twice, one of both is chosen."""

    widget = WallTimeInput

    def __init__(self, *, picker: str = "", is_past: bool = False, **options: Any) -> None:
        """
        :param picker: what the picker beside it is for, to be read out: "Pick the opening"
        :param is_past: whether it is a time that was, so that "Friday" is the last one
        """
        given = {"help_text": f"As {EXAMPLE}, or “Friday 18:00”, in the sale’s own time zone."}
        super().__init__(**given | options)
        self._input.is_past = is_past
        if picker:
            self._input.picker = picker

    @property
    def zone(self) -> ZoneInfo:
        """The zone that it is written in: UTC until it is set."""
        return self._input.zone

    @zone.setter
    def zone(self, zone: ZoneInfo) -> None:
        self._input.zone = zone

    @property
    def now(self) -> datetime | None:
        """What "today" counts from; None until it is set."""
        return self._input.now

    @now.setter
    def now(self, now: datetime | None) -> None:
        self._input.now = now

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
        return instant_of(self._input.read(str(value)).time, self.zone)

    def surprise(self, text: str) -> str:
        if self._input.read(text).is_exact:
            return ""
        return exactly(self.to_python(text), self.zone)


def set_zone(form: forms.BaseForm, zone: ZoneInfo, now: datetime | None) -> None:
    """Set the zone that a form's wall times are written in, and what "today" counts from."""
    for field in form.fields.values():
        if isinstance(field, WallTimeField):
            field.zone, field.now = zone, now


class DurationField(TypedField):
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

    def surprise(self, text: str) -> str:
        return "" if is_written_exactly(text) else exact_duration(self.to_python(text))


class MinutesField(DurationField):
    """Whole minutes, written as a number or as a duration: 90, or 1 h 30."""

    def __init__(self, *, least: int, most: int, too_few: str, too_many: str, **options: Any):
        super().__init__(**options)
        self._least, self._most = least, most
        self._too_few, self._too_many = too_few, too_many

    def prepare_value(self, value: Any) -> Any:
        """Minutes as a number; text unchanged."""
        return str(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        """:raises ValidationError: it is no duration in whole minutes, or out of bounds"""
        if isinstance(value, int):
            return value
        if plain(value).startswith("-"):
            raise ValidationError(self._too_few)
        seconds = super().to_python(value)
        if seconds is None:
            return None
        minutes, rest = divmod(seconds, 60)
        if minutes > self._most:
            raise ValidationError(self._too_many)
        if rest or minutes < self._least:
            raise ValidationError("Write whole minutes." if minutes else self._too_few)
        return minutes

    def surprise(self, text: str) -> str:
        return "" if is_written_exactly(text) else exact_duration(60 * self.to_python(text))
