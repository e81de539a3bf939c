"""The forms of a product: what a merchant may write, and in which words it is refused.

Django's generic classes take no arguments at run time, hence the ignores.
"""

from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet

from shop.catalog.models import Product, Variant, validate_names
from shop.core.money import validate_currency
from shop.merchant.forms.money_fields import MoneyField, minor_units
from shop.merchant.forms.picture_field import PictureField


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
            field = self.fields.get("list_price")
            if isinstance(field, MoneyField):
                field.currency = self.instance.currency
            # Who may only look is shown no fields.
            for name in self.fields.keys() & {"sku", "currency"}:
                self.fields[name].disabled = True

    def clean_currency(self) -> str:
        """A currency, before the price is converted by its decimals."""
        code: str = self.cleaned_data["currency"]
        validate_currency(code)
        return code

    def clean_list_price(self) -> int:
        """The list price in minor units."""
        currency = self.cleaned_data.get("currency")
        # What is wrong with the currency is said there.
        return minor_units(self.cleaned_data["list_price"], currency) if currency else 1


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
        kept = [form.instance for form in self.forms if getattr(form, "cleaned_data", None)]
        if not kept:
            raise ValidationError("A product needs a variant: it is what is counted.")
        try:
            validate_names(kept)
        except ValidationError as error:
            raise ValidationError(error.messages) from None
