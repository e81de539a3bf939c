"""Actions on a sale that cannot be undone, each with a page that explains its consequences."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from shop.core.formatting import exactly
from shop.core.requests import ShopRequest
from shop.merchant.forms.short_transactions import form_transaction
from shop.merchant.pages import merchant_page
from shop.merchant.sales.action_forms import EndForm, ExtendForm, SaleActionForm
from shop.merchant.sales.outstanding_offers import outstanding_offers
from shop.merchant.sales.recall_form import RecallForm
from shop.sales.holds import extend, recall
from shop.sales.lifecycle import cancel, unpublish
from shop.sales.models import Sale
from shop.staff.confirmations import require_password
from shop.staff.current import staff_of
from shop.staff.models import Staff


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
    template: str = "merchant/sale_action.html"


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
    assert isinstance(form, RecallForm)
    made, zone = form.perform(by), form.sale.zone
    bounds = [f"from {exactly(made.issued_from, zone)}, on"] if made.issued_from else []
    bounds += [f"before {exactly(made.issued_before, zone)},"] if made.issued_before else []
    which = f"were shown {' and '.join(bounds)}" if bounds else "were out"
    return f"Offers of {made.deal or form.sale} that {which} are void: {made.reason}"


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
        "Offers that you take back are void, in every bag they lie in. Orders that were placed "
        "stay as they are. This breaks a promise that was shown to people; it cannot be undone. "
        "The next page says what will happen, and nothing happens before that.",
        RecallForm,
        _never_promised,
        _recall,
        "merchant/recall.html",
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
def action_page(request: ShopRequest, pk: int, action: SaleAction) -> HttpResponse:
    """The page of an action: its consequences and its form; sent, it performs it.

    :raises PasswordNeeded: it recalls offers, and the password was not typed lately
    """
    with form_transaction(request):
        sale = _sale(request, pk)
        if obstacle := action.obstacle(sale):
            messages.error(request, obstacle)
            return redirect("admin:sales_sale_change", pk)
        form = action.form(request.POST or None, sale=sale, now=request.now)
        if form.is_valid() and form.is_agreed:
            _perform(request, action, form)
            return redirect("admin:sales_sale_change", pk)
    form.show_again()
    return _page(request, action, form)


def _sale(request: ShopRequest, pk: int) -> Sale:
    """The sale; locked, if a form was sent."""
    sales = Sale.objects.all()
    if request.method == "POST":
        sales = sales.select_for_update(no_key=True)
    return get_object_or_404(sales, pk=pk)


def _perform(request: ShopRequest, action: SaleAction, form: SaleActionForm) -> None:
    """Perform an action, and say what was done.

    :raises PasswordNeeded: see ``action_page``
    """
    if form.recalls:
        way_back = reverse("admin:sales_sale_change", args=[form.sale.pk])
        require_password(request, f"take back offers of {form.sale}", way_back)
    messages.info(request, action.perform(form, staff_of(request)))


def _page(request: ShopRequest, action: SaleAction, form: SaleActionForm) -> HttpResponse:
    sale = form.sale
    return merchant_page(
        request,
        action.template,
        f"{action.title}: {sale}",
        about=sale,
        sale=sale,
        action=action,
        form=form,
        now=request.now,
        out=outstanding_offers(sale, request.now),
    )
