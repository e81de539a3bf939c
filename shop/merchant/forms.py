"""The forms of the back office: what a merchant may write, and in which words it is refused.

Django's generic classes take no arguments at run time, hence the ignores.
"""

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet

from offers.terms import LIST
from shop.catalog.models import Product, Variant
from shop.merchant.fields import MoneyField, WallTimeField, minor_units
from shop.merchant.uploads import PictureField
from shop.money import is_currency, payable_step
from shop.sales.documents import MOST_MONEY
from shop.sales.models import Deal, Sale


class ProductForm(forms.ModelForm):  # type: ignore[type-arg]
    """A product; sku and currency are for good, so they can be written only once."""

    list_price = MoneyField(
        min_value=Decimal(0), help_text="As shoppers see it: 49.90. Its history is kept."
    )
    picture = PictureField("products", required=False)

    class Meta:
        model = Product
        # The currency before the price: its decimals are needed to read that.
        fields = (
            "sku",
            "name",
            "slug",
            "text",
            "picture",
            "currency",
            "list_price",
            "sold_at_list_price",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self.fields["currency"].initial = settings.SHOP_CURRENCY
        else:
            _money(self, "list_price").currency = self.instance.currency
            # Who may only look is shown no fields.
            for name in self.fields.keys() & {"sku", "currency"}:
                self.fields[name].disabled = True

    def clean_currency(self) -> str:
        """A currency of ISO 4217."""
        code: str = self.cleaned_data["currency"]
        if not is_currency(code):
            raise ValidationError(f"{code} is not a currency of ISO 4217, such as EUR.")
        return code

    def clean_list_price(self) -> int:
        """The list price in minor units."""
        return _minor(self.cleaned_data["list_price"], self.cleaned_data.get("currency"))


class VariantForm(forms.ModelForm):  # type: ignore[type-arg]
    """What is counted. Its sku is in bags and orders, so it can be written only once.

    So can its stock: what comes and goes later has a reason, and a page of its own.
    """

    class Meta:
        model = Variant
        fields = ("sku", "name", "position", "stock")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            for name in ("sku", "stock"):
                self.fields[name].disabled = True


class VariantFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """The variants of one product: named ones, or a single one that is the product itself."""

    def clean(self) -> None:
        """:raises ValidationError: neither the one nor the other"""
        super().clean()
        kept = [form.cleaned_data for form in self.forms if getattr(form, "cleaned_data", None)]
        names = [variant.get("name", "") for variant in kept]
        if not names:
            raise ValidationError("A product needs a variant: it is what is counted.")
        if not all(names) and len(names) > 1:
            raise ValidationError("Where there are several variants, each needs a name.")
        if names == [""] and kept[0].get("sku") != self.instance.sku:
            raise ValidationError("A variant without a name has the product's own sku.")


class SaleForm(forms.ModelForm):  # type: ignore[type-arg]
    """A sale; its window is written in its own time zone."""

    starts_at = WallTimeField()
    ends_at = WallTimeField()

    class Meta:
        model = Sale
        # The zone before the window: it is what the window is written in.
        fields = (
            "title",
            "slug",
            "text",
            "time_zone",
            "starts_at",
            "ends_at",
            "hold_seconds",
            "delayed_payment",
        )
        widgets = {
            "time_zone": forms.Select(
                choices=[(name, name) for name in sorted(available_timezones())]
            )
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self.initial.setdefault("time_zone", settings.TIME_ZONE)
        elif self.instance.published_at is not None and "slug" in self.fields:
            self.fields["slug"].disabled = True
        # Not there for someone who may only look.
        if "time_zone" in self.fields:
            name = self["time_zone"].value()
            for window in ("starts_at", "ends_at"):
                field = self.fields[window]
                if isinstance(field, WallTimeField) and name in available_timezones():
                    field.zone = ZoneInfo(name)

    def clean_slug(self) -> str:
        """Not the word that stands for list prices in an offer."""
        slug: str = self.cleaned_data["slug"]
        if slug == LIST:
            raise ValidationError(f"{LIST} stands for list prices: no sale can be called so.")
        return slug

    def clean(self) -> dict[str, Any]:
        """A sale ends after it starts."""
        cleaned = super().clean() or self.cleaned_data
        starts_at, ends_at = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", "A sale has to end after it starts.")
        return cleaned


class DealForm(forms.ModelForm):  # type: ignore[type-arg]
    """A product in a sale. Once the sale was published the product cannot be another."""

    price = MoneyField(min_value=Decimal(0), help_text="In the product's currency: 4.99.")

    class Meta:
        model = Deal
        # The product before the price: its currency is needed to read that.
        fields = ("product", "position", "price", "allocation", "max_per_shopper", "withdrawn")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            _money(self, "price").currency = self.instance.product.currency
            if self.instance.sale.published_at is not None:
                self.fields["product"].disabled = True

    def clean_price(self) -> int:
        """The price in minor units."""
        product = self.cleaned_data.get("product")
        return _minor(self.cleaned_data["price"], product and product.currency)

    def clean_allocation(self) -> int | None:
        """Units ever set aside: not fewer than are claimed."""
        allocation: int | None = self.cleaned_data["allocation"]
        return None if allocation is None else _not_fewer(allocation, self.instance.claimed)


def _money(form: forms.BaseForm, name: str) -> MoneyField:
    field = form.fields[name]
    assert isinstance(field, MoneyField)
    return field


def _minor(amount: Decimal, currency: str | None) -> int:
    """:raises ValidationError: not an amount of this currency that can be charged"""
    if not currency:
        # What is wrong with the currency, or the product, is said there.
        return 1
    minor = minor_units(amount, currency)
    if not 1 <= minor <= MOST_MONEY:
        raise ValidationError("An amount above zero is needed, of twelve digits at most.")
    if minor % payable_step(currency):
        raise ValidationError(f"The third decimal has to be 0: no card pays another in {currency}.")
    return minor


def _not_fewer(units: int, claimed: int) -> int:
    if units < claimed:
        raise ValidationError(f"{units} is fewer than the {claimed} claimed.")
    return units
