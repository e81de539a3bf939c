"""Columns of the tables that merchants take out and bring in: how their cells are read and written.

Empty cells change nothing. Money is written in the currency's unit: 49.90.
"""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model
from import_export import fields, widgets

from shop.core.money import major_units
from shop.core.typed.money import read_money
from shop.core.typed.names import read_name
from shop.core.typed.numbers import read_count
from shop.core.typed.spelling import plain
from shop.core.typed.words import read_yes_or_no

type Row = Mapping[str, Any]


class TextWidget(widgets.CharWidget):
    """Text; CharWidget takes an empty cell for an empty text."""

    def clean(self, value: Any, row: Row | None = None, **kwargs: Any) -> str | None:
        return super().clean(value, row, **kwargs) or None


class NameWidget(TextWidget):
    """A name, as it is kept."""

    def clean(self, value: Any, row: Row | None = None, **kwargs: Any) -> str | None:
        """:raises ValueError: nothing of it can be seen, or it turns the text around it"""
        name = super().clean(value, row, **kwargs)
        try:
            return read_name(name) if name else None
        except ValidationError as error:
            raise ValueError(error.messages[0]) from None


class YesNoWidget(widgets.Widget):
    """Yes or no; BooleanWidget takes any other word for no."""

    def clean(self, value: Any, row: Row | None = None, **kwargs: Any) -> bool | None:
        """:raises ValueError: it is neither yes nor no"""
        word = plain(value or "")
        try:
            return read_yes_or_no(word) if word else None
        except ValidationError as error:
            raise ValueError(error.messages[0]) from None

    def render(self, value: Any, obj: Model | None = None, **kwargs: Any) -> str:
        return "yes" if value else "no"


class UnitsWidget(widgets.Widget):
    """A whole number of units; IntegerWidget cuts the decimals off any other."""

    def clean(self, value: Any, row: Row | None = None, **kwargs: Any) -> int | None:
        """:raises ValueError: it is no whole number"""
        text = plain("" if value is None else value)
        try:
            return read_count(text, "units") if text else None
        except ValidationError as error:
            raise ValueError(error.messages[0]) from None


class MoneyColumn(fields.Field):
    """An amount in the currency of the instance's product; an empty cell changes nothing."""

    def save(self, instance: Any, row: Row, is_m2m: bool = False, **kwargs: Any) -> None:
        """:raises ValueError: it is no amount of the currency"""
        text, product = cell(row, str(self.column_name)), instance.product
        if not text:
            return
        try:
            amount = read_money(text, product.currency)
        except ValidationError as error:
            raise ValueError(error.messages[0]) from None
        owner, _, name = str(self.attribute).rpartition("__")
        setattr(product if owner else instance, name, amount)

    def export(self, instance: Any, **kwargs: Any) -> str:
        amount = self.get_value(instance)
        return "" if amount is None else str(major_units(amount, instance.product.currency))


def column(attribute: str, widget: widgets.Widget | None = None) -> fields.Field:
    """A column whose empty cells change nothing; of text, unless a widget reads it."""
    return fields.Field(attribute, widget=widget or TextWidget(), saves_null_values=False)


def fixed_column(attribute: str) -> fields.Field:
    """A column that identifies or informs: an import writes nothing of it."""
    return fields.Field(attribute, readonly=True)


def cell(row: Row, name: str) -> str:
    """The text of a row's cell, empty where there is none."""
    return str(row.get(name) or "").strip()
