"""A field for whole numbers of units."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from shop.core.typed.numbers import read_count
from shop.core.typed.spelling import plain


class CountField(forms.IntegerField):
    """A whole number of units; Django's own takes 1.000 for one."""

    def to_python(self, value: Any) -> int | None:
        """:raises ValidationError: it is no whole number, or may mean two"""
        if value in self.empty_values or isinstance(value, int):
            return None if value in self.empty_values else int(value)
        text = plain(value)
        # What is below a bound, the bound itself refuses.
        count = read_count(text.removeprefix("-"), "units")
        return -count if text.startswith("-") else count

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(data) != self.to_python(initial)
        except ValidationError:
            return True
