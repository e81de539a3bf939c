"""The page of a product's stock: its movements, and the form for another."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F, Sum, Window
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect

from shop.catalog.models import Product, StockMovement, Variant
from shop.catalog.stock import TooFew, move_stock
from shop.core.requests import ShopRequest
from shop.merchant.forms.count_field import CountField
from shop.merchant.forms.short_transactions import form_transaction
from shop.merchant.forms.stale_form import StaleFormMixin
from shop.merchant.pages import merchant_page
from shop.sales.models import Deal, Sale
from shop.sales.reference_prices import list_price_changed
from shop.sales.sense_facts import check_sales
from shop.staff.current import staff_of

#: Movements that the page shows, the newest first.
SHOWN = 100
MOST_UNITS = 1_000_000


class StockForm(StaleFormMixin):
    """A movement of one variant's stock."""

    event = "Something came or went"
    variant = forms.ModelChoiceField(Variant.objects.none(), empty_label=None)
    units = CountField(
        min_value=-MOST_UNITS,
        max_value=MOST_UNITS,
        help_text="What comes in; with a minus what goes out: -3.",
    )
    reason = forms.ChoiceField(
        choices=[each for each in StockMovement.Reason.choices if each[0] != "loaded"],
        initial=StockMovement.Reason.SUPPLIED,
    )
    note = forms.CharField(max_length=200, required=False, help_text="For your records.")

    def __init__(self, *args: Any, product: Product, **kwargs: Any) -> None:
        newest = StockMovement.objects.filter(variant__product=product).order_by("-id").first()
        super().__init__(*args, version=newest.pk if newest else 0, **kwargs)
        variant = self.fields["variant"]
        assert isinstance(variant, forms.ModelChoiceField)
        variant.queryset = product.variants.select_related("product")
        variant.initial = product.variants.first()

    def clean_units(self) -> int:
        """:raises ValidationError: nothing moves"""
        units: int = self.cleaned_data["units"]
        if not units:
            raise ValidationError("Say how many units come in or go out.")
        return units

    def refuse(self, variant: Variant) -> None:
        """Add the error that too few units are left."""
        variant.refresh_from_db(fields=["stock", "claimed"])
        left = variant.stock - variant.claimed
        rest = ": orders have the rest" if variant.claimed else ""
        self.add_error("units", f"Only {left} are left of {variant}{rest}.")


def stock_page(request: ShopRequest, pk: int) -> HttpResponse:
    """Show the movements of a product's stock, or make another."""
    if not request.user.has_perm("catalog.add_stockmovement"):
        raise PermissionDenied
    with form_transaction(request):
        products = Product.objects.all()
        if request.method == "POST":
            products = products.select_for_update(no_key=True)
        product = get_object_or_404(products, pk=pk)
        form = StockForm(request.POST or None, product=product)
        if form.is_valid() and _move(form, request):
            return redirect("admin:catalog_product_stock", pk)
    return merchant_page(
        request,
        "merchant/stock.html",
        f"Stock: {product.name}",
        about=product,
        variants=product.variants.annotate(left=F("stock") - F("claimed")),
        movements=_ledger(product),
        form=form,
    )


def _move(form: StockForm, request: ShopRequest) -> bool:
    """Move the stock; False, with an error on the form, if too little is left."""
    given = form.cleaned_data
    variant: Variant = given["variant"]
    try:
        move_stock(
            variant,
            given["units"],
            reason=StockMovement.Reason(given["reason"]),
            note=given["note"],
            now=request.now,
            made_by=staff_of(request),
        )
    except TooFew:
        form.refuse(variant)
        return False
    # With its first stock a product can be bought at its list price.
    list_price_changed(variant.product, now=request.now)
    messages.success(request, f"{variant}: {given['units']:+} units. {variant.stock} in all.")
    _warn_of_allocations(variant.product, request)
    return True


def _warn_of_allocations(product: Product, request: ShopRequest) -> None:
    """Say which coming and live sales set aside what the stock does not fit."""
    of_it = Deal.objects.filter(product=product, withdrawn=False)
    on_show = Sale.objects.filter(state=Sale.State.PUBLISHED, ends_at__gt=request.now)
    for checked in check_sales(on_show.filter(deals__in=of_it), request.now):
        for each in checked.unread:
            if each.product == product.pk and each.check.field == "allocation":
                messages.warning(request, f"{checked.sale}: {each.text}")


def _ledger(product: Product) -> Any:
    """The newest movements, each with what its variant's stock was after it."""
    movements = StockMovement.objects.filter(variant__product=product)
    after = Window(Sum("units"), partition_by=F("variant"), order_by=["made_at", "id"])
    return (
        movements.annotate(after=after)
        .select_related("variant__product", "made_by")
        .order_by("-made_at", "-id")[:SHOWN]
    )
