"""A column for names and titles, whatever form, file or document they come from."""

from typing import Any

from django import forms
from django.db import models

from shop.core.typed.names import read_name


class NameFormField(forms.CharField):
    """A name, a title, or a line of an address, typed by a person."""

    def to_python(self, value: Any) -> str:
        """:raises ValidationError: nothing of it can be seen, or it turns the text around it"""
        return read_name(super().to_python(value) or "")


class NameField(models.CharField):  # type: ignore[type-arg]
    """A column of text whose values ``read_name`` has read before they are saved.

    For a database it is a column of text as any other: migrations do not know it.
    """

    # Not ``to_python``: what a query compares with is no name that is kept.
    def clean(self, value: Any, model_instance: Any) -> Any:
        """:raises ValidationError: nothing of it can be seen, or it turns the text around it"""
        name = read_name(value) if isinstance(value, str) else value
        return super().clean(name, model_instance)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": NameFormField, **kwargs})

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs
