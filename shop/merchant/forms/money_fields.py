"""Prices as merchants write them: in the currency's unit, or as a reduction off the list price."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from shop.catalog.models import Product
from shop.core.currencies import payable_step
from shop.core.money import major_units
from shop.core.typed.money import is_percent, read_money, read_percent

#: More signs than any amount has, with its currency's name.
_MOST_SIGNS = 60


class MoneyField(forms.CharField):
    """An amount written in the currency's unit (4.99), kept in minor units (499).

    ``currency`` is that of the initial amount. The form may choose another one, so its cleaned
    value is the text, which the form reads in its own currency: ``read_money``.
    """

    currency: str | None = None

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=_MOST_SIGNS, **options)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        # Phones show figures then, and the comma or point of their language.
        return {"inputmode": "decimal", "autocomplete": "off"}

    def prepare_value(self, value: Any) -> Any:
        """Minor units in the currency's unit; what was written, as it was written."""
        if isinstance(value, int) and self.currency:
            return str(major_units(value, self.currency))
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        if self.currency and isinstance(initial, int):
            try:
                return read_money(data or "", self.currency) != initial
            except ValidationError:
                return True
        return super().has_changed(self.prepare_value(initial), data)


class PriceField(MoneyField):
    """A price as an amount (4.99), or as a reduction off the product's list price (30%)."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        # A percent sign may follow, which a pad of figures lacks.
        return {"autocomplete": "off"}


def price_of(product: Product, written: str) -> int:
    """What was written into a ``PriceField``, in minor units of a product's currency.

    :raises ValidationError: it is neither an amount of that currency nor a reduction
    """
    if is_percent(written):
        return reduced(product.list_price, read_percent(written), product.currency)
    return read_money(written, product.currency)


def reduced(list_price: int, percent: Decimal, currency: str) -> int:
    """A reduced list price in minor units, rounded down: no smaller a reduction than written."""
    step = payable_step(currency)
    exact = list_price * (100 - percent) / 100
    return max(step, int(exact // step) * step)
