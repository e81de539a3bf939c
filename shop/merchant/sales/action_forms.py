"""The forms of actions on a sale."""

from datetime import datetime
from typing import Any

from django import forms

from shop.core.read_back import ReadBackMixin
from shop.core.time_fields import MinutesField
from shop.merchant.forms.stale_form import StaleFormMixin
from shop.sales.models import LONGEST_HOLD_SECONDS, Sale


class SaleActionForm(ReadBackMixin, StaleFormMixin):
    """A form about one sale at one instant."""

    event = "Something was done to this sale"

    def __init__(self, *args: Any, sale: Sale, now: datetime, **kwargs: Any) -> None:
        records = (sale.extensions, sale.recalls, sale.changes)
        version = " ".join(str(each.count()) for each in records)
        super().__init__(*args, version=version, **kwargs)
        self.sale, self.now = sale, now

    @property
    def is_agreed(self) -> bool:
        """Whether a valid form may be acted on, without showing its consequences first."""
        return True

    @property
    def recalls(self) -> bool:
        """Whether a valid form voids offers that are out."""
        return False

    def show_again(self) -> None:
        """Prepare a form that was sent and not acted on, for its page."""


class ExtendForm(SaleActionForm):
    """Minutes to hold offers longer, and why."""

    minutes = MinutesField(
        least=1,
        most=LONGEST_HOLD_SECONDS // 60,
        too_few="A price is held for one minute longer at least.",
        too_many="A price is held for 30 days longer at the most.",
        label="Minutes more",
        help_text="90, or 1 h 30 min.",
    )
    reason = forms.CharField(max_length=200, required=False, help_text="For your records.")


class EndForm(SaleActionForm):
    """Why a sale is hidden or canceled, and whether its offers are recalled too."""

    recall = forms.BooleanField(
        required=False, label="Take back the offers that are out, too: they are not honored then"
    )
    reason = forms.CharField(
        max_length=200, required=False, help_text="Shoppers read it, if offers are taken back."
    )

    def __init__(self, *args: Any, sale: Sale, **kwargs: Any) -> None:
        super().__init__(*args, sale=sale, **kwargs)
        if sale.published_at is None:
            del self.fields["recall"]

    @property
    def recalls(self) -> bool:
        return bool(self.cleaned_data.get("recall"))

    def clean(self) -> dict[str, Any]:
        """:raises ValidationError: a recall without a reason"""
        cleaned = super().clean()
        if cleaned.get("recall") and not cleaned.get("reason"):
            self.add_error("reason", "Say why: it is what shoppers read.")
        return cleaned
