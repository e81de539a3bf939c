"""The forms of a sale and its deals: what a merchant may write, and what is said before it counts.

Django's generic classes take no arguments at run time, hence the ignores.
"""

from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.conf import settings

from shop.merchant.forms.edit_conflicts import ConflictAwareForm
from shop.merchant.forms.picture_field import PictureField
from shop.merchant.forms.time_fields import DurationField, WallTimeField
from shop.merchant.sales.audit_log import who
from shop.merchant.sales.field_changes import FieldChange
from shop.sales.audit import SALE_FIELDS
from shop.sales.models import Sale, validate_time_zone


class SaleForm(ConflictAwareForm):
    """A sale; its window is written in its own time zone.

    ``seen`` is the latest change of it that the page knew of.
    """

    starts_at = WallTimeField()
    ends_at = WallTimeField()
    hold_seconds = DurationField(
        help_text="From the moment the page was opened: 30 minutes, 1 h 30 min."
    )
    picture = PictureField("sales", required=False)
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Sale
        # What is written here is recorded. The zone before the window that is written in it.
        fields = SALE_FIELDS
        help_texts = {
            "slug": "What its page’s address ends in, after /sales/. Once published it stays."
        }
        widgets = {
            "text": forms.Textarea(attrs={"rows": 3}),
            "time_zone": forms.Select(
                choices=[(name, name) for name in sorted(available_timezones())]
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen"].show_hidden_initial = False
        if self.instance.pk is None:
            self.initial.setdefault("time_zone", settings.TIME_ZONE)
            self.initial.setdefault("hold_seconds", self.instance.hold_seconds)
        else:
            self.initial["seen"] = self._latest_change()
        if self.instance.published_at is not None and "slug" in self.fields:
            self.fields["slug"].disabled = True
        # Not there for someone who may only look.
        if "time_zone" in self.fields:
            name = self["time_zone"].value()
            for window in ("starts_at", "ends_at"):
                field = self.fields[window]
                if isinstance(field, WallTimeField) and name in available_timezones():
                    field.zone = ZoneInfo(name)

    def clean_time_zone(self) -> str:
        """A zone that there is, before anything is said in it."""
        name: str = self.cleaned_data["time_zone"]
        validate_time_zone(name)
        return name

    def clean(self) -> dict[str, Any]:
        """What others changed meanwhile is told first."""
        if self.instance.pk is not None and "time_zone" not in self.changed_data:
            self._write_window_in(self.instance.zone)
        cleaned = super().clean()
        if self.instance.pk is not None:
            self._tell_what_happened(cleaned.get("seen"))
        return cleaned

    def _write_window_in(self, zone: ZoneInfo) -> None:
        """Show the instants that were written in another zone: somebody else chose it meanwhile."""
        for name in ("starts_at", "ends_at"):
            field, instant = self.fields[name], self.cleaned_data.get(name)
            assert isinstance(field, WallTimeField)
            if field.zone != zone:
                field.zone = zone
                if instant is not None:
                    self.put({self[name].html_name: field.prepare_value(instant)})

    def _tell_what_happened(self, seen: int | None) -> None:
        latest = self._latest_change()
        if seen is None or seen >= latest:
            return
        news = self.instance.changes.filter(pk__gt=seen)
        rows = news.select_related("made_by", "deal__product", "sale")
        told = [f"{who(change.made_by)}: {FieldChange.of(change)}" for change in rows]
        self.put({self["seen"].html_name: str(latest)})
        self.add_error(
            None,
            [
                "While you were writing, this sale was changed. What you wrote is still here, and "
                "what you left alone shows how it is now. Nothing is saved yet.",
                *told,
            ],
        )

    def _latest_change(self) -> int:
        latest: int | None = (
            self.instance.changes.order_by("-pk").values_list("pk", flat=True).first()
        )
        return latest or 0
