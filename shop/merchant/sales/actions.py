"""Actions on a sale that cannot be undone, each with a page that explains its consequences."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect

from shop.core.formatting import exactly
from shop.core.requests import ShopRequest
from shop.merchant.forms.stale_form import StaleFormMixin
from shop.merchant.forms.time_fields import WallTimeField, set_zone
from shop.merchant.pages import merchant_page
from shop.merchant.sales.outstanding_offers import outstanding_offers
from shop.sales.holds import extend, recall
from shop.sales.lifecycle import cancel, unpublish
from shop.sales.models import LONGEST_HOLD_SECONDS, Deal, Sale
from shop.staff.current import staff_of
from shop.staff.models import Staff


class SaleActionForm(StaleFormMixin):
    """A form about one sale at one instant."""

    event = "Something was done to this sale"

    def __init__(self, *args: Any, sale: Sale, now: datetime, **kwargs: Any) -> None:
        records = (sale.extensions, sale.recalls, sale.changes)
        version = " ".join(str(each.count()) for each in records)
        super().__init__(*args, version=version, **kwargs)
        self.sale, self.now = sale, now


class ExtendForm(SaleActionForm):
    """Minutes to hold offers longer, and why."""

    minutes = forms.IntegerField(
        min_value=1,
        max_value=LONGEST_HOLD_SECONDS // 60,
        label="Minutes more",
        error_messages={
            "min_value": "A price is held for one minute longer at least.",
            "max_value": "A price is held for 30 days longer at the most.",
        },
    )
    reason = forms.CharField(max_length=200, required=False, help_text="For your records.")


class RecallForm(SaleActionForm):
    """What to recall, and why: all offers, those of one deal, or those shown before an instant."""

    deal = forms.ModelChoiceField(
        Deal.objects.none(), required=False, empty_label="Every deal of the sale"
    )
    issued_before = WallTimeField(required=False, label="Only what was shown before")
    reason = forms.CharField(max_length=200, help_text="Shoppers read it.")

    def __init__(self, *args: Any, sale: Sale, **kwargs: Any) -> None:
        super().__init__(*args, sale=sale, **kwargs)
        deal, before = self.fields["deal"], self.fields["issued_before"]
        assert isinstance(deal, forms.ModelChoiceField)
        deal.queryset = sale.deals.select_related("product", "sale")
        set_zone(self, sale.zone)
        minutes = settings.SHOWCASE_MAX_STALE // 60
        before.help_text += (
            f" Leave it empty for all. An instant of the last {minutes} minutes takes back all "
            "that is out by now: a page may be that old when it is shown."
        )

    def clean(self) -> dict[str, Any]:
        """:raises ValidationError: both a deal and an instant, or an instant to come"""
        cleaned = super().clean()
        before: datetime | None = cleaned.get("issued_before")
        if before is not None and cleaned.get("deal") is not None:
            self.add_error("issued_before", "Of a single deal everything is taken back: choose.")
        elif before is not None and before > self.now:
            self.add_error("issued_before", "That is still to come: nothing was shown then.")
        return cleaned


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

    def clean(self) -> dict[str, Any]:
        """:raises ValidationError: a recall without a reason"""
        cleaned = super().clean()
        if cleaned.get("recall") and not cleaned.get("reason"):
            self.add_error("reason", "Say why: it is what shoppers read.")
        return cleaned


@dataclass(frozen=True, slots=True)
class SaleAction:
    """An action on a sale: its texts, its form, and the functions that check and do it.

    ``obstacle`` returns why a sale does not allow it, or ""; ``perform`` returns a message.
    """

    name: str
    title: str
    explanation: str
    form: type[SaleActionForm]
    obstacle: Callable[[Sale], str]
    perform: Callable[[SaleActionForm, Staff], str]


def _never_promised(sale: Sale) -> str:
    return "" if sale.published_at else f"{sale} was never published: no offers of it are out."


def _canceled(sale: Sale) -> str:
    return f"{sale} is canceled already." if sale.state == Sale.State.CANCELED else ""


def _hidden(sale: Sale) -> str:
    return "" if sale.state == Sale.State.PUBLISHED else f"{sale} is not on show."


def _extend(form: SaleActionForm, by: Staff) -> str:
    minutes: int = form.cleaned_data["minutes"]
    reason = form.cleaned_data["reason"]
    extend(sale=form.sale, seconds=minutes * 60, by=by, now=form.now, reason=reason)
    return f"Offers of {form.sale} that are out are held {minutes} minutes longer."


def _recall(form: SaleActionForm, by: Staff) -> str:
    deal: Deal | None = form.cleaned_data["deal"]
    before: datetime | None = form.cleaned_data["issued_before"]
    reason = form.cleaned_data["reason"]
    recall(sale=form.sale, deal=deal, reason=reason, by=by, now=form.now, issued_before=before)
    which = "were out"
    if before is not None:
        which = f"were shown before {exactly(before, form.sale.zone)},"
    return f"Offers of {deal or form.sale} that {which} are void: {reason}"


def _end(end: Callable[..., object], done: str, form: SaleActionForm, by: Staff) -> str:
    reason = form.cleaned_data["reason"]
    end(form.sale, now=form.now, by=by, reason=reason)
    if not form.cleaned_data.get("recall"):
        return f"{form.sale} is {done}. Offers that are out stay honored."
    recall(sale=form.sale, reason=reason, by=by, now=form.now)
    return f"{form.sale} is {done}. Offers that were out are void: {reason}"


SALE_ACTIONS = (
    SaleAction(
        "extend",
        "Hold offers for longer",
        "Every offer of this sale that is out by now is held for longer, also one that has run "
        "out unused: it is good again. The sale's own window stays as it is. Extensions add up, "
        "and none can be taken back.",
        ExtendForm,
        _never_promised,
        _extend,
    ),
    SaleAction(
        "recall",
        "Recall offers",
        "Every offer that is out by now is void, in every bag it lies in. Orders that were placed "
        "stay as they are, and while the sale is open new offers go on being made, at the prices "
        "as they are now. This breaks a promise that was shown to people; it cannot be undone.",
        RecallForm,
        _never_promised,
        _recall,
    ),
    SaleAction(
        "unpublish",
        "Hide the sale",
        "Its page goes, and no more offers are made until it is published again. Offers that are "
        "out stay honored while they are held, unless you take them back here.",
        EndForm,
        _hidden,
        partial(_end, unpublish, "hidden"),
    ),
    SaleAction(
        "cancel",
        "Cancel the sale",
        "Its page goes, and no more offers are made. Offers that are out stay honored while they "
        "are held, unless you take them back here. A canceled sale cannot be published again.",
        EndForm,
        _canceled,
        partial(_end, cancel, "canceled"),
    ),
)


@permission_required("sales.change_sale", raise_exception=True)
@transaction.atomic
def action_page(request: ShopRequest, pk: int, action: SaleAction) -> HttpResponse:
    """The page of an action: its consequences and its form; sent, it performs it."""
    sales = Sale.objects.all()
    if request.method == "POST":
        sales = sales.select_for_update(no_key=True)
    sale = get_object_or_404(sales, pk=pk)
    if obstacle := action.obstacle(sale):
        messages.error(request, obstacle)
        return redirect("admin:sales_sale_change", pk)
    form = action.form(request.POST or None, sale=sale, now=request.now)
    if form.is_valid():
        messages.info(request, action.perform(form, staff_of(request)))
        return redirect("admin:sales_sale_change", pk)
    return merchant_page(
        request,
        "merchant/sale_action.html",
        f"{action.title}: {sale}",
        about=sale,
        sale=sale,
        action=action,
        form=form,
        now=request.now,
        out=outstanding_offers(sale, request.now),
    )
