"""The forms of a sale's deals."""

from typing import Any

from django import forms
from django.forms.models import BaseInlineFormSet
from django.utils.functional import cached_property

from shop.catalog.models import Product
from shop.merchant.forms.count_field import CountField
from shop.merchant.forms.edit_conflicts import (
    ConflictAwareForm,
    adopt_added_rows,
    drop_deleted_rows,
)
from shop.merchant.forms.money_fields import PriceField, price_of
from shop.sales.audit import DEAL_FIELDS
from shop.sales.models import Deal


class ProductField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A product by its sku; the page has a list of them (a ``datalist``) to choose from."""

    widget = forms.TextInput(
        attrs={"list": "products", "autocomplete": "off", "spellcheck": "false"}
    )

    def __init__(self, **options: Any) -> None:
        wrong = {"invalid_choice": "There is no product %(value)s. Choose one of the list."}
        super().__init__(
            Product.objects.all(), to_field_name="sku", error_messages=wrong, **options
        )

    def to_python(self, value: Any) -> Any:
        """:raises ValidationError: there is no such product"""
        if isinstance(value, Product):
            return value
        return super().to_python(value.strip() if isinstance(value, str) else value)


class DealForm(ConflictAwareForm):
    """A product in a sale. Once the sale was published the product cannot be another."""

    product = ProductField()
    price = PriceField(help_text="4.99, or 30% off the list price.")

    class Meta:
        model = Deal
        # The product before the price: its currency is needed to read that.
        fields = DEAL_FIELDS
        field_classes = dict.fromkeys(("position", "allocation", "max_per_shopper"), CountField)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        price = self.fields.get("price")
        if self.instance.pk is not None and isinstance(price, PriceField):
            self.initial["product"] = self.instance.product
            price.currency = self.instance.product.currency
            if self.instance.sale.published_at is not None:
                self.fields["product"].disabled = True

    @cached_property
    def changed_data(self) -> list[str]:
        """What was changed; a price with its product, whose currency it is written in."""
        changed: list[str] = super().changed_data
        return [*changed, "price"] if "product" in changed and "price" not in changed else changed

    def clean_price(self) -> int:
        """The price in minor units."""
        product, price = self.cleaned_data.get("product"), self.cleaned_data["price"]
        if product is None:
            # What is wrong with the product is said there.
            return 1
        return price_of(product, price)


class DealFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """The deals of one sale, without those deleted and with those added meanwhile."""

    def __init__(
        self, data: Any = None, files: Any = None, instance: Any = None, **options: Any
    ) -> None:
        if data is not None and instance is not None and instance.pk is not None:
            rows = instance.deals.values_list("product__sku", "pk")
            there = {sku: str(pk) for sku, pk in rows}
            prefix = options.get("prefix") or self.get_default_prefix()
            data = drop_deleted_rows(data, prefix, there.values())
            data = adopt_added_rows(data, prefix, "product", there)
        super().__init__(data, files, instance, **options)
