"""The form of the clock's panel and bar."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings

from shop.core.formatting import zone_name
from shop.core.read_back import ReadBackMixin
from shop.core.time_fields import WallTimeField, set_zone
from shop.qa.time_machine import boundaries
from shop.qa.time_machine.clock_file import Reading, to_real_time
from shop.sales.boundaries import Boundary

STEPS = {
    -86_400: "− day",
    -3_600: "− hour",
    -60: "− minute",
    -1: "− second",
    1: "+ second",
    60: "+ minute",
    3_600: "+ hour",
    86_400: "+ day",
}


class ClockForm(ReadBackMixin, forms.Form):
    """A change of the clock; each button sends one of the fields."""

    at = WallTimeField(required=False, label="Jump to")
    step = forms.TypedChoiceField(required=False, choices=STEPS, coerce=int, empty_value=None)
    boundary = forms.ChoiceField(
        required=False, choices={"previous": "Previous boundary", "next": "Next boundary"}
    )
    running = forms.TypedChoiceField(
        required=False,
        choices={"0": "Stop", "1": "Let run"},
        coerce=lambda value: value == "1",
        empty_value=None,
    )
    real = forms.BooleanField(required=False)

    def __init__(self, data: Any = None, *, shown: datetime, **options: Any) -> None:
        """:param shown: what the clock shows, to begin typing from"""
        self.zone = ZoneInfo(settings.TIME_ZONE)
        super().__init__(data, initial={"at": shown.replace(microsecond=0)}, **options)
        set_zone(self, self.zone, shown)
        self.fields["at"].help_text = f"{zone_name(self.zone)}, the shop’s own"

    @property
    def is_running(self) -> bool | None:
        """Whether time shall run from here on; None leaves it."""
        return True if self.cleaned_data["real"] else self.cleaned_data["running"]

    def move(self, reading: Reading) -> datetime:
        """The new time, from what the clock shows."""
        wanted = self.cleaned_data
        if wanted["real"]:
            return to_real_time(reading)
        if wanted["step"] is not None:
            return reading.at + timedelta(seconds=wanted["step"])
        if wanted["boundary"]:
            find = getattr(boundaries, f"{wanted['boundary']}_boundary")
            found: Boundary | None = find(reading.at)
            return found.at if found else reading.at
        at: datetime | None = wanted["at"]
        return at or reading.at
