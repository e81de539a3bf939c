"""The page of a product's prices: what each counts for, and the way back from a mistyped one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.db.models import Q, Sum
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.timezone import get_current_timezone
from django.views.decorators.http import require_http_methods, require_safe

from offers.terms import LIST
from shop.catalog.models import Product
from shop.core.formatting import day
from shop.core.money import format_money
from shop.core.requests import ShopRequest
from shop.merchant.pages import merchant_page
from shop.orders.models import UNDER_WAY, OrderLine
from shop.sales.models import Sale
from shop.sales.price_corrections import held_until, take_back, voids_later_ones
from shop.sales.price_history import PriceStretch, price_stretches
from shop.sales.reference_prices import (
    REFERENCE_PERIOD,
    lowest_price_before,
    reference_prices_without,
)
from shop.staff.current import staff_of

#: How far back the page goes, and how far ahead.
_SHOWN_BACK, _SHOWN_AHEAD = timedelta(days=90), timedelta(days=366)
#: What it takes to take a price back: to be allowed to change it.
_CHANGE_PRICES = ("catalog.change_product", "sales.change_sale")


class TakeBackForm(forms.Form):
    """Why a price is taken back, and that offers go with it, where any may be out."""

    reason = forms.CharField(max_length=200, label="Why")
    agreed = forms.BooleanField(label="Take back the offers at this price, too")

    def __init__(self, *args: Any, is_held: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_held:
            self.fields["reason"].help_text = "Shoppers who hold such an offer read it."
        else:
            self.fields["reason"].help_text = "For your records."
            del self.fields["agreed"]


@dataclass(frozen=True, slots=True)
class PriceEntry:
    """A stretch of a product's prices as the page shows it."""

    stretch: PriceStretch
    place: str
    counting: str
    may_be_taken_back: bool

    @property
    def key(self) -> str:
        """When it began, to the microsecond: two may begin in one second."""
        return _key(self.stretch)


@require_safe
@permission_required("catalog.view_product", raise_exception=True)
def price_history_page(request: ShopRequest, pk: int) -> HttpResponse:
    """The prices of a product, the latest first, and what each counts for."""
    product = get_object_or_404(Product, pk=pk)
    stretches = _stretches(product, request.now)
    return merchant_page(
        request,
        "merchant/prices.html",
        f"Prices: {product.name}",
        about=product,
        product=product,
        zone=get_current_timezone(),
        entries=_entries(stretches, request.now),
        lowest=lowest_price_before(product.pk, request.now),
        may_change=request.user.has_perms(_CHANGE_PRICES),
    )


@require_http_methods(["GET", "POST"])
@permission_required(_CHANGE_PRICES, raise_exception=True)
def take_back_page(request: ShopRequest, pk: int, sale: str, since: str) -> HttpResponse:
    """What follows from taking a price back; sent, it is taken back."""
    product = get_object_or_404(Product, pk=pk)
    stretch = _stretch(product, sale, since, request.now)
    until = held_until(stretch, request.now) if stretch.could_be_bought else request.now
    form = TakeBackForm(request.POST or None, is_held=until > request.now)
    if form.is_valid() and _take_back(form, stretch, request):
        messages.success(request, f"{_amount(stretch, product)} counts for nothing any more.")
        return redirect("admin:catalog_product_prices", pk)
    [entry] = _entries([stretch], request.now)
    return merchant_page(
        request,
        "merchant/take_back.html",
        f"Take back {_amount(stretch, product)}: {product.name}",
        about=product,
        product=product,
        zone=get_current_timezone(),
        entry=entry,
        form=form,
        **_consequences(stretch, until, request.now),
    )


def _consequences(stretch: PriceStretch, held_until: datetime, now: datetime) -> dict[str, Any]:
    """What follows from taking a price back, as the page tells it."""
    changes = reference_prices_without(stretch, now=now)
    return {
        "changes": [(deal, deal.was, lowest) for deal, lowest in changes],
        "held_until": held_until,
        "is_held": held_until > now,
        "ordered": _units_ordered(stretch, held_until),
        "voids_later_ones": voids_later_ones(stretch, now),
    }


def _units_ordered(stretch: PriceStretch, held_until: datetime) -> int:
    """Units that orders took at a price while it was on show or held."""
    lines = OrderLine.objects.filter(
        variant__product=stretch.product,
        amount=stretch.amount,
        order__placed_at__gte=stretch.since,
        order__placed_at__lt=held_until,
        order__status__in=UNDER_WAY,
    )
    of_it = Q(deal=None) if stretch.sale == LIST else Q(deal__sale__slug=stretch.sale)
    units: int = lines.filter(of_it).aggregate(units=Sum("quantity", default=0))["units"]
    return units


def _take_back(form: TakeBackForm, stretch: PriceStretch, request: ShopRequest) -> bool:
    """Take a price back; False, with an error on the form, if that cannot be."""
    reason = form.cleaned_data["reason"]
    try:
        take_back(stretch, reason=reason, by=staff_of(request), now=request.now)
    except ValidationError as refusal:
        form.add_error(None, refusal)
        return False
    return True


def _stretches(product: Product, now: datetime) -> list[PriceStretch]:
    return price_stretches([product.pk], since=now - _SHOWN_BACK, until=now + _SHOWN_AHEAD)


def _stretch(product: Product, sale: str, since: str, now: datetime) -> PriceStretch:
    """The past stretch of a price that began at an instant, in ISO 8601.

    :raises Http404: there is none, it is not over, or it was taken back
    """
    for each in _stretches(product, now):
        if (each.sale, _key(each)) == (sale, since) and _may_be_taken_back(each, now):
            return each
    raise Http404("No price of this product can be taken back that began then.")


def _key(stretch: PriceStretch) -> str:
    return stretch.since.astimezone(UTC).isoformat()


def _may_be_taken_back(stretch: PriceStretch, now: datetime) -> bool:
    return stretch.correction is None and stretch.until is not None and stretch.until <= now


def _entries(stretches: Iterable[PriceStretch], now: datetime) -> list[PriceEntry]:
    """The latest first; of those that began at once, deals before list prices."""
    stretches = sorted(stretches, key=lambda each: (each.since, each.sale != LIST), reverse=True)
    slugs = {each.sale for each in stretches}
    titles = dict(Sale.objects.filter(slug__in=slugs).values_list("slug", "title"))
    return [
        PriceEntry(
            each,
            titles.get(each.sale, "List price"),
            _counting(each, now),
            _may_be_taken_back(each, now),
        )
        for each in stretches
    ]


def _counting(stretch: PriceStretch, now: datetime) -> str:
    """What a price counts for, in words."""
    if stretch.correction is not None:
        by = stretch.correction.made_by or "a command"
        return f"Taken back by {by}: {stretch.correction.reason}"
    if stretch.could_be_bought is None:
        return "For nothing: nobody recorded whether it could be bought"
    if not stretch.could_be_bought:
        return "For nothing: nobody could buy at it"
    if stretch.since > now:
        return "As planned, for sales that open later"
    if stretch.until is None or stretch.until > now:
        return "For sales that open from now on"
    ends = stretch.until + REFERENCE_PERIOD
    if ends <= now:
        return "For no sale to come: it is over for 30 days"
    return f"For sales that open until {day(ends, get_current_timezone())}"


def _amount(stretch: PriceStretch, product: Product) -> str:
    return format_money(stretch.amount, product.currency)
