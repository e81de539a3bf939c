"""The form of a sale."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from shop.core.long_select import LongSelect
from shop.core.read_back import ReadBackMixin, read_as
from shop.core.row_keys import row_key
from shop.core.time_fields import DurationField, WallTimeField, set_zone
from shop.merchant.forms.edit_conflicts import ConflictAwareForm
from shop.merchant.forms.picture_field import PictureField
from shop.merchant.forms.stale_form import StaleFormMixin
from shop.merchant.sales.audit_log import author_name
from shop.merchant.sales.field_changes import describe
from shop.merchant.sales.typed_windows import texts_of, told, window_of_input
from shop.sales.audit import SALE_FIELDS
from shop.sales.models import TIME_ZONES, Sale, validate_time_zone
from shop.staff.models import Staff

_CHANGED_MEANWHILE = (
    "While you were writing, this sale was changed. What you wrote is still here, and what you "
    "left alone shows how it is now. Nothing is saved yet."
)


class SaleForm(ReadBackMixin, StaleFormMixin, ConflictAwareForm):
    """A sale, with its window in its own zone; stale once others have changed it."""

    starts_at = WallTimeField(
        picker="Pick the opening",
        help_text="As 2026-11-27 12:00, or “Friday 18:00”, in the sale’s own time zone. Or both in "
        "one: “Friday 18:00 for 20 minutes”, with “closes at” left empty.",
    )
    ends_at = WallTimeField(picker="Pick the close")
    hold_seconds = DurationField(
        help_text="From the moment the page was opened: 30 minutes, 1 h 30 min."
    )
    picture = PictureField("sales", required=False)

    class Meta:
        model = Sale
        # What is written here is recorded. The zone before the window that is written in it.
        fields = SALE_FIELDS
        help_texts = {
            "slug": "What its page’s address ends in, after /sales/. Once published it stays."
        }
        widgets = {
            "text": forms.Textarea(attrs={"rows": 3}),
            "time_zone": LongSelect(choices=[(name, name) for name in sorted(TIME_ZONES)]),
        }

    #: Who fills it in and when, and whether it only asks to confirm the impact of what was sent.
    by: Staff
    now: datetime
    is_asking = False
    _window_said = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        sale = kwargs.get("instance")
        latest = sale.changes.order_by("-pk").first() if sale and sale.pk else None
        super().__init__(*args, version=latest.pk if latest else 0, **kwargs)
        self.fields["seen"].show_hidden_initial = False
        if self.instance.pk is None:
            self.initial.setdefault("time_zone", settings.TIME_ZONE)
            self.initial.setdefault("hold_seconds", self.instance.hold_seconds)
        if self.instance.published_at is not None and "slug" in self.fields:
            self.fields["slug"].disabled = True
        # Viewers have no such field.
        name = self["time_zone"].value() if "time_zone" in self.fields else None
        if name in TIME_ZONES:
            set_zone(self, ZoneInfo(name), self.now)

    def is_valid(self) -> bool:
        return super().is_valid() and not self.is_asking

    def _clean_fields(self) -> None:
        """Clean the fields; a window in the field of the opening fills both.

        :raises ValidationError: never; what is wrong is among the errors
        """
        problem: ValidationError | None = None
        try:
            self._fill_window()
        except ValidationError as error:
            problem = error
        super()._clean_fields()  # type: ignore[misc]
        if problem is not None:
            self.errors.pop("starts_at", None)
            self.add_error("starts_at", problem)

    def _fill_window(self) -> None:
        """:raises ValidationError: see ``window_of_input``"""
        opening = self.fields.get("starts_at")
        if not isinstance(opening, WallTimeField) or opening.now is None:
            return
        typed = {name: self[name].data for name in ("starts_at", "ends_at")}
        window = window_of_input(typed, opening.zone, opening.now)
        if window is None:
            return
        texts = texts_of(window, opening.zone)
        seen = {name: self.data.get(f"{name}_read") for name in texts}
        if not window.is_exact and seen != texts:
            self._window_said = read_as(str(typed["starts_at"]), told(window, opening.zone))
        self.put(dict(texts))

    def write_out(self) -> Iterator[tuple[str, str]]:
        if self._window_said:
            yield "starts_at", self._window_said
        yield from super().write_out()

    def clean_time_zone(self) -> str:
        """:raises ValidationError: there is no such zone"""
        name: str = self.cleaned_data["time_zone"]
        validate_time_zone(name)
        return name

    def clean(self) -> dict[str, Any]:
        """:raises ValidationError: others changed the sale meanwhile"""
        if self.instance.pk is not None and "time_zone" not in self.changed_data:
            self._write_window_in(self.instance.zone)
        return super().clean()

    def _write_window_in(self, zone: ZoneInfo) -> None:
        """Write the window's instants in the zone that somebody else chose meanwhile."""
        for name in ("starts_at", "ends_at"):
            field, instant = self.fields[name], self.cleaned_data.get(name)
            assert isinstance(field, WallTimeField)
            if field.zone != zone:
                field.zone = zone
                if instant is not None:
                    self.put({self[name].html_name: field.prepare_value(instant)})

    def stale_messages(self, seen: str) -> list[str]:
        """What others changed since the page was made."""
        if self.instance.pk is None:
            return []
        key = row_key(seen)
        news = self.instance.changes.filter(pk__gt=self.version if key is None else key)
        rows = news.exclude(made_by=self.by).select_related("made_by", "deal__product", "sale")
        lines = [f"{author_name(row.made_by)}: {describe(row)}" for row in rows]
        return [_CHANGED_MEANWHILE, *lines] if lines else []
