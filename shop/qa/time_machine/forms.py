"""The form of the clock's panel and bar."""

from datetime import UTC, datetime, timedelta

from django import forms

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


class ClockForm(forms.Form):
    """A change of the clock; each button sends one of the fields."""

    at = forms.DateTimeField(
        required=False,
        label="Shop’s time",
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local", "step": "1", "aria-describedby": "zone"}
        ),
    )
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
        return at.astimezone(UTC) if at else reading.at
