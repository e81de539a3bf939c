"""The forms of a product and its variants.

Django's generic classes take no arguments at run time, hence the ignores.
"""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet

from shop.catalog.models import Product, Variant, validate_names
from shop.core.money import validate_currency
from shop.core.typed.money import read_money
from shop.merchant.forms.count_field import CountField
from shop.merchant.forms.interrupted_form import RestorableFormMixin
from shop.merchant.forms.money_fields import MoneyField
from shop.merchant.forms.picture_field import PictureField


class ProductForm(RestorableFormMixin, forms.ModelForm):  # type: ignore[type-arg]
    """A product; its sku and currency can be written only once."""

    list_price = MoneyField(help_text="As shoppers see it: 49.90. Its history is kept.")
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
            # The form has no fields for staff who may only look.
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
        # Without a currency, that field has the error.
        return read_money(self.cleaned_data["list_price"], currency) if currency else 1


class VariantForm(forms.ModelForm):  # type: ignore[type-arg]
    """A variant. Its sku is in bags and orders, so it can be written only once.

    So can its stock: later movements need a reason, and have a page of their own.
    """

    class Meta:
        model = Variant
        fields = ("sku", "name", "position", "stock")
        field_classes = {"position": CountField, "stock": CountField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            for name in ("sku", "stock"):
                self.fields[name].disabled = True
        elif "sku" in self.fields:
            self.fields["sku"].required = False
            self.fields["sku"].help_text = "Empty, where there are no sizes: the product's own."

    def clean(self) -> dict[str, Any]:
        """Give a variant without a name its product's sku.

        :raises ValidationError: one with a name has no sku
        """
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("sku") and "sku" not in self.errors:
            if cleaned.get("name"):
                self.add_error("sku", "A variant with a name needs a sku of its own.")
            elif "product" in cleaned:
                cleaned["sku"] = cleaned["product"].sku
        return cleaned


class VariantFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """The variants of one product: named ones, or a single one that is the product itself."""

    def clean(self) -> None:
        """:raises ValidationError: there is none, or one of several has no name"""
        super().clean()
        kept = [form.instance for form in self.forms if getattr(form, "cleaned_data", None)]
        if not kept:
            raise ValidationError("A product needs a variant: it is what is counted.")
        try:
            validate_names(kept)
        except ValidationError as error:
            raise ValidationError(error.messages) from None
