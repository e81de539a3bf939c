"""A sale's window and hold in sentences, shown while they are typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from shop.core.durations import duration
from shop.core.formatting import clock, clock_change_note, day_and_clock, hour, is_same_day
from shop.core.requests import ShopRequest
from shop.core.time_fields import DurationField, WallTimeField
from shop.core.wall_time import wall_time
from shop.sales.models import Sale, validate_time_zone

_FIELDS = ("time_zone", "starts_at", "ends_at", "hold_seconds")


@dataclass(frozen=True, slots=True)
class WindowSummary:
    """Sentences about a window and a hold; ``wrong`` ones say what is invalid."""

    sentences: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()


@require_safe
@never_cache
@permission_required("sales.view_sale", raise_exception=True)
def summary_page(request: ShopRequest) -> HttpResponse:
    """The summary of a form as it is typed; htmx asks for it."""
    summary = summary_of_input(request.GET, request.now)
    return render(request, "merchant/_window_summary.html", {"summary": summary})


def summary_of(form: forms.BaseForm, now: datetime) -> WindowSummary:
    """The summary of a sale's form as it is shown; for viewers, of the sale."""
    if "time_zone" in form.fields:
        return summary_of_input({name: form[name].value() for name in _FIELDS}, now)
    sale = getattr(form, "instance", None)
    if sale is None or sale.pk is None:
        return WindowSummary()
    return WindowSummary(
        tuple(_sentences(sale.zone, sale.starts_at, sale.ends_at, sale.hold_seconds, now))
    )


def summary_of_input(written: Mapping[str, Any], now: datetime) -> WindowSummary:
    """The summary of a time zone, a window and a hold as they are written."""
    try:
        validate_time_zone(str(written.get("time_zone") or ""))
    except ValidationError as error:
        return WindowSummary(wrong=tuple(error.messages))
    zone, wrong = ZoneInfo(str(written["time_zone"])), []
    instant, span = WallTimeField(required=False), DurationField(required=False)
    instant.zone, instant.now = zone, now
    values: dict[str, Any] = {}
    for name in _FIELDS[1:]:
        field = span if name == "hold_seconds" else instant
        try:
            widget: Any = field.widget
            values[name] = field.clean(widget.value_from_datadict(written, {}, name))
        except ValidationError as error:
            wrong += error.messages
    starts_at, ends_at, hold = (values.get(name) for name in _FIELDS[1:])
    given = {name: value for name, value in values.items() if value is not None}
    unchecked = {field.name for field in Sale._meta.fields} - given.keys()
    try:
        Sale(**given).full_clean(unchecked, validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        wrong += error.messages
    if wrong or not starts_at or not ends_at:
        return WindowSummary(wrong=tuple(wrong))
    return WindowSummary(tuple(_sentences(zone, starts_at, ends_at, hold, now)))


def _sentences(
    zone: ZoneInfo, starts_at: datetime, ends_at: datetime, hold: int | None, now: datetime
) -> list[str]:
    lasts = ends_at - starts_at
    sentences = [
        f"Open on {day_and_clock(starts_at, zone)}, for {duration(lasts)}: until "
        f"{_later(starts_at, ends_at, zone)}. In UTC, {hour(starts_at, UTC)} to "
        f"{hour(ends_at, UTC)}."
    ]
    last = ends_at + timedelta(seconds=hold or 0)
    if note := clock_change_note(zone, starts_at, ends_at, last):
        sentences.append(note)
    elif shift := wall_time(ends_at, zone) - wall_time(starts_at, zone) - lasts:
        way = "forward" if shift > timedelta() else "back"
        sentences.append(f"Clocks are put {way} in between, by {duration(abs(shift))}.")
    if hold is not None:
        until = _later(ends_at, last, zone)
        # What became of the promises of a sale that is over is the audit log's affair.
        verb = "was promised its prices" if ends_at <= now else "is honored"
        sentences.append(f"A page opened in the last second {verb} until {until}.")
    if ends_at <= now:
        sentences.append("That is over.")
    return sentences


def _later(first: datetime, later: datetime, zone: ZoneInfo) -> str:
    """An instant after another, with its day if that is another one."""
    return clock(later, zone) if is_same_day(first, later, zone) else day_and_clock(later, zone)
