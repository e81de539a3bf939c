"""The input of forms that people type a wall time into."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from shop.core.formatting import hour
from shop.core.typed.times import TypedTime, read_time
from shop.core.wall_time import (
    instants_of_wall_time,
    is_in_range,
    numeric_offset,
    wall_time,
    written,
)


class WallTimeInput(forms.TextInput):
    """A wall time as text in ``zone``, with a picker and, if its hour comes twice, a choice of one.

    The text is what counts. Beside it stands the browser's own picker, which scripts fill the text
    from; without them it is sent as ``<name>_picked`` and counts where the text is as it was shown
    (``<name>_shown``), or empty. As ``alone()`` it is the picker and nothing else.

    The choice is sent apart, as ``<name>_which``, and read only with a time that comes twice in
    this zone and was typed without an offset. Nothing is chosen beforehand.

    ``now`` is what "today" counts from, and ``is_past`` says that a day without its year was; see
    ``shop.core.typed.times``.
    """

    zone: ZoneInfo = ZoneInfo("UTC")
    now: datetime | None = None
    is_past = False
    #: What the picker is for, to be read out.
    picker = "Pick a day and a time"

    def alone(self) -> None:
        """Be the browser's picker, to the second."""
        self.input_type = "datetime-local"
        self.attrs |= {"step": "1", "min": "2000-01-01T00:00:00", "max": "2999-12-30T23:59:59"}

    def read(self, text: str) -> TypedTime:
        """:raises ValidationError: it is no time, or may mean two"""
        return read_time(text, self.zone, now=self.now, is_past=self.is_past)

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        """What was typed; a time that comes twice with the offset that was chosen."""
        text, picked = data.get(name), data.get(f"{name}_picked")
        if picked and (not text or text == data.get(f"{name}_shown")):
            text = picked.replace("T", " ")
        time = self._time(text)
        chosen = data.get(f"{name}_which")
        if not chosen or time is None or time.tzinfo is not None:
            return text
        both = {numeric_offset(each, self.zone): each for each in _both(time, self.zone)}
        return written(both[chosen], self.zone) if chosen in both else text

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        text, both, chosen = self._shown(value)
        choices = [
            {
                "value": numeric_offset(each, self.zone),
                "text": f"{hour(each, self.zone)}, {which} clocks are put back",
                "is_chosen": each == chosen,
            }
            for which, each in zip(("before", "after"), both, strict=False)
        ]
        context = {
            "field": super().render(name, text, attrs, renderer),
            "name": name,
            "text": text,
            "picker": self.picker if self.input_type == "text" else "",
            "choices": choices,
        }
        return render_to_string("_time_input.html", context)

    def _shown(self, value: Any) -> tuple[Any, list[datetime], datetime | None]:
        """The text to show, the two instants that it may mean, and the one that is chosen."""
        is_picker = self.input_type == "datetime-local"
        time = self._time(value)
        if time is None:
            return value, [], None
        if time.tzinfo is None:
            return time.isoformat() if is_picker else value, _both(time, self.zone), None
        wall = wall_time(time, self.zone)
        both = _both(wall, self.zone)
        if is_picker:
            return wall.isoformat(), both, time
        # Its offset is shown by the choice.
        return (str(wall), both, time) if time in both else (value, [], None)

    def _time(self, text: Any) -> datetime | None:
        try:
            time = self.read(str(text or "")).time
        except ValidationError:
            return None
        return time if is_in_range(time.replace(tzinfo=ZoneInfo("UTC"))) else None


def _both(wall: datetime, zone: tzinfo) -> list[datetime]:
    """The two instants of a wall time that comes twice, or none."""
    instants = instants_of_wall_time(wall, zone)
    return instants if len(instants) > 1 else []
