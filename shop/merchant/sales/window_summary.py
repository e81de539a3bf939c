"""A sale's window and hold in sentences, shown while they are typed."""

from collections.abc import Iterator, Mapping
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

from shop.core.durations import duration, exact_duration
from shop.core.formatting import clock, clock_change_note, day_and_clock, hour, is_same_day
from shop.core.requests import ShopRequest
from shop.core.time_fields import DurationField, TypedField, WallTimeField
from shop.core.wall_time import wall_time
from shop.merchant.sales.typed_windows import texts_of, window_of_input
from shop.sales.models import Sale, validate_time_zone

_FIELDS = ("time_zone", "starts_at", "ends_at", "hold_seconds")


@dataclass(frozen=True, slots=True)
class WindowSummary:
    """Sentences about a window and a hold; ``wrong`` ones say what is invalid.

    ``read`` are the values that the sentences tell, by the names of their fields, as they are
    written exactly: a form that is sent with them need not show them once more.
    """

    sentences: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    read: tuple[tuple[str, str], ...] = ()


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
    zone = ZoneInfo(str(written["time_zone"]))
    try:
        window = window_of_input(written, zone, now)
    except ValidationError as error:
        return WindowSummary(wrong=tuple(error.messages))
    # Of a query's dictionary, unpacking would give lists.
    typed = {name: written.get(name) for name in written}
    typed |= texts_of(window, zone) if window else {}
    fields: dict[str, TypedField] = {name: WallTimeField(required=False) for name in _FIELDS[1:3]}
    fields["hold_seconds"] = DurationField(required=False)
    values, wrong = _values(typed, fields, zone, now)
    wrong += _wrong_together(values)
    if wrong:
        return WindowSummary(wrong=tuple(wrong))
    read = ((name, str(fields[name].prepare_value(value))) for name, value in values.items())
    starts_at, ends_at, hold = (values.get(name) for name in _FIELDS[1:])
    sentences = _sentences(zone, starts_at, ends_at, hold, now)
    return WindowSummary(tuple(sentences), read=tuple(read))


def _values(
    typed: Mapping[str, Any], fields: Mapping[str, TypedField], zone: ZoneInfo, now: datetime
) -> tuple[dict[str, Any], list[str]]:
    """The values that are written, and what is wrong with the others."""
    values, wrong = {}, []
    for name, field in fields.items():
        if isinstance(field, WallTimeField):
            field.zone, field.now = zone, now
        widget: Any = field.widget
        try:
            value = field.clean(widget.value_from_datadict(typed, {}, name))
        except ValidationError as error:
            wrong += error.messages
        else:
            if value is not None:
                values[name] = value
    return values, wrong


def _wrong_together(values: Mapping[str, Any]) -> list[str]:
    unchecked = {field.name for field in Sale._meta.fields} - values.keys()
    try:
        Sale(**values).full_clean(unchecked, validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        return error.messages
    return []


def _sentences(
    zone: ZoneInfo,
    starts_at: datetime | None,
    ends_at: datetime | None,
    hold: int | None,
    now: datetime,
) -> Iterator[str]:
    if starts_at and ends_at:
        yield from _window_sentences(zone, starts_at, ends_at, hold, now)
    elif starts_at:
        yield f"Opens on {day_and_clock(starts_at, zone)}."
    years = {wall_time(each, zone).year for each in (starts_at, ends_at) if each}
    if years and years != {wall_time(now, zone).year}:
        yield f"That is in {' and '.join(map(str, sorted(years)))}."
    if hold is not None:
        yield _hold_sentence(zone, ends_at, hold, now)
    if ends_at and ends_at <= now:
        yield "That is over."


def _window_sentences(
    zone: ZoneInfo, starts_at: datetime, ends_at: datetime, hold: int | None, now: datetime
) -> Iterator[str]:
    lasts = ends_at - starts_at
    yield (
        f"Open on {day_and_clock(starts_at, zone)}, for {duration(lasts)}: until "
        f"{_later(starts_at, ends_at, zone)}. In UTC, {hour(starts_at, UTC)} to "
        f"{hour(ends_at, UTC)}."
    )
    if note := clock_change_note(zone, starts_at, ends_at, ends_at + timedelta(seconds=hold or 0)):
        yield note
    elif shift := wall_time(ends_at, zone) - wall_time(starts_at, zone) - lasts:
        way = "forward" if shift > timedelta() else "back"
        yield f"Clocks are put {way} in between, by {duration(abs(shift))}."


def _hold_sentence(zone: ZoneInfo, ends_at: datetime | None, hold: int, now: datetime) -> str:
    held = f"Prices are held for {exact_duration(hold)}"
    if ends_at is None:
        return f"{held}."
    until = _later(ends_at, ends_at + timedelta(seconds=hold), zone)
    # What became of the promises of a sale that is over is the audit log's affair.
    verb = "was promised its prices" if ends_at <= now else "is honored"
    return f"{held}: a page opened in the last second {verb} until {until}."


def _later(first: datetime, later: datetime, zone: ZoneInfo) -> str:
    """An instant after another, with its day if that is another one."""
    return clock(later, zone) if is_same_day(first, later, zone) else day_and_clock(later, zone)
