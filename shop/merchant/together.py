"""Two people at one form: the second is told, and neither loses a word.

A page carries, field by field, what it began with (Django's hidden initial
values). So a form that comes back knows what was changed in it, whatever has
happened to the row meanwhile: that alone is written, and what somebody else
changed stays theirs. Where both changed the same field, or anything at all was
changed meanwhile, the form is shown once more before it is saved.

Django's generic classes take no arguments at run time, hence the ignores.
"""

from collections.abc import Iterator
from typing import Any

from django import forms

CHANGED_BY_BOTH = "Somebody changed this too, to {theirs}. Save again to write yours over it."


class TogetherForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form that tells what its user changed from what others did meanwhile."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            # A file cannot be sent back, and nobody types a name for one.
            field.show_hidden_initial = not isinstance(field, forms.FileField)

    def clean(self) -> dict[str, Any]:
        """Take over what others changed; :raises ValidationError: both changed the same field"""
        cleaned = super().clean() or self.cleaned_data
        for name in list(self._changed_by_others()):
            field, bound = self.fields[name], self[name]
            theirs = self.get_initial_for_field(field, name)
            both = name in self.changed_data and field.has_changed(theirs, bound.data)
            self._show_now(name, theirs, is_typed=both)
            if both:
                self.add_error(name, CHANGED_BY_BOTH.format(theirs=_in_words(field, theirs)))
            elif name in cleaned:
                cleaned[name] = getattr(self.instance, name)
        return cleaned

    def _changed_by_others(self) -> Iterator[str]:
        """Fields whose rows say something else now than when the page was opened."""
        for name, field in self.fields.items():
            began = self.data.get(self[name].html_initial_name)
            if began is None or field.disabled or not field.show_hidden_initial:
                continue
            theirs = self.get_initial_for_field(field, name)
            if isinstance(theirs, str):
                # Browsers have an opinion of their own on how a line ends.
                began, theirs = "\n".join(began.splitlines()), "\n".join(theirs.splitlines())
            if field.has_changed(theirs, began):
                yield name

    def _show_now(self, name: str, theirs: Any, *, is_typed: bool) -> None:
        """Let the page begin with what the row says now, and show that where nothing was typed."""
        field, bound = self.fields[name], self[name]
        data: Any = self.data.copy()  # type: ignore[attr-defined]
        data[bound.html_initial_name] = _written(field, theirs)
        if not is_typed:
            data[bound.html_name] = _written(field, theirs)
            if isinstance(field, forms.BooleanField) and not theirs:
                del data[bound.html_name]
        self.data = data


def _written(field: forms.Field, value: Any) -> str:
    """A value as a browser would send it."""
    prepared = field.prepare_value(value)
    return "" if prepared is None else str(prepared)


def _in_words(field: forms.Field, value: Any) -> str:
    if isinstance(field, forms.BooleanField):
        return "yes" if value else "no"
    return _written(field, value) or "nothing"
