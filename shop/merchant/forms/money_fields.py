"""Prices as merchants write them: in the currency's unit, or as a reduction off the list price."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from shop.catalog.models import Product
from shop.core.money import digits_of, major_units, payable_step

#: 1E+9999 is a short text, and a number that no column holds and no page can show.
_MOST_DIGITS = 15


class MoneyField(forms.DecimalField):
    """An amount written in the currency's unit (4.99), kept in minor units (499).

    ``currency`` is that of the initial amount. The form may choose another one,
    so it converts what was written itself, with ``minor_units``.
    """

    currency: str | None = None

    def to_python(self, value: Any) -> Any:
        """:raises ValidationError: it is no number, such as NaN"""
        amount = super().to_python(value)
        if isinstance(amount, Decimal) and not amount.is_finite():
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return amount

    def prepare_value(self, value: Any) -> Any:
        """Minor units in the currency's unit; what was written, as it was written."""
        if isinstance(value, int) and self.currency:
            return major_units(value, self.currency)
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


def minor_units(amount: Decimal, currency: str) -> int:
    """An amount in the currency's unit, in minor units: Decimal("4.99"), "EUR" is 499.

    :raises ValidationError: it has more decimals than the currency, or more digits than money has
    """
    if not amount.is_finite() or amount.adjusted() >= _MOST_DIGITS:
        raise ValidationError("An amount has twelve digits at most.")
    precision = digits_of(currency)
    minor = amount.scaleb(precision)
    if minor != minor.to_integral_value():
        raise ValidationError(
            f"Amounts in {currency} have {precision} decimals."
            if precision
            else f"Amounts in {currency} have no decimals."
        )
    return int(minor)


@dataclass(frozen=True, slots=True)
class Percent:
    """A reduction, to be taken off a list price."""

    off: Decimal


class PriceField(MoneyField):
    """A price as an amount (4.99), or as a reduction off the product's list price (30%)."""

    # Not a number input: a percent sign may follow.
    widget = forms.TextInput

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {}

    def clean(self, value: Any) -> Any:
        """:raises ValidationError: it is neither an amount nor a reduction"""
        text = str(value or "").strip()
        if not text.endswith("%"):
            return super().clean(value)
        try:
            off = Decimal(text.removesuffix("%").strip().removeprefix("-"))
        except InvalidOperation:
            off = Decimal(0)
        if not off.is_finite() or not 0 < off < 100:
            raise ValidationError("Write a reduction as 30%: more than 0, less than 100.")
        return Percent(off)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return str(data or "").strip().endswith("%") or super().has_changed(initial, data)


def price_of(product: Product, given: Decimal | Percent) -> int:
    """What a ``PriceField`` was given, in minor units of a product's currency.

    :raises ValidationError: it has more decimals than the currency
    """
    if isinstance(given, Percent):
        return reduced(product.list_price, given, product.currency)
    return minor_units(given, product.currency)


def reduced(list_price: int, reduction: Percent, currency: str) -> int:
    """A reduced list price in minor units, rounded down: no smaller a reduction than written."""
    step = payable_step(currency)
    exact = list_price * (100 - reduction.off) / 100
    return max(step, int(exact // step) * step)
