"""Forms that several people edit at once, without loss.

A page carries each field's initial value (Django's hidden initial values), so a form
writes only what its user changed. A field that others changed meanwhile, too, is
shown once more before it is saved.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.forms.formsets import INITIAL_FORM_COUNT, TOTAL_FORM_COUNT, ManagementForm
from django.utils.text import capfirst

CHANGED_BY_BOTH = "Somebody changed this too, to {theirs}. Save again to write yours over it."


class ConflictAwareForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form that distinguishes its user's changes from those of others meanwhile."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        columns = {field.name: field for field in self.instance._meta.fields}
        for name, field in self.fields.items():
            # A browser sends no file back.
            field.show_hidden_initial = not isinstance(field, forms.FileField)
            if field.label is None and name in columns:
                field.label = capfirst(columns[name].verbose_name)

    def clean(self) -> dict[str, Any]:
        """Adopt others' changes; :raises ValidationError: both changed the same field"""
        cleaned = super().clean() or self.cleaned_data
        if self.instance.pk is None:
            return cleaned
        for name, theirs in list(self._changed_by_others()):
            field, bound = self.fields[name], self[name]
            both = name in self.changed_data and field.has_changed(theirs, bound.data)
            self._show_now(name, theirs, is_typed=both)
            if both:
                self.add_error(name, CHANGED_BY_BOTH.format(theirs=_formatted(field, theirs)))
        for name in cleaned.keys() - set(self.changed_data):
            if self.fields[name].show_hidden_initial:
                cleaned[name] = getattr(self.instance, name)
        return cleaned

    def _post_clean(self) -> None:
        """Validate the model if anything was changed, and fields that could not be read as None."""
        if self.instance.pk is not None and not self.changed_data:
            return
        unread = {
            name: getattr(self.instance, name)
            for name in self.errors
            if hasattr(self.instance, name)
        }
        for name in unread:
            setattr(self.instance, name, None)
        super()._post_clean()  # type: ignore[misc]
        for name, value in unread.items():
            setattr(self.instance, name, value)

    def _changed_by_others(self) -> Iterator[tuple[str, Any]]:
        """Fields with another value than when the page was made, and that value."""
        for name, field in self.fields.items():
            began = self.data.get(self[name].html_initial_name)
            if began is None or field.disabled or not field.show_hidden_initial:
                continue
            theirs = self.get_initial_for_field(field, name)
            if isinstance(theirs, str):
                # Browsers change line ends, and fields strip spaces.
                began, theirs = "\n".join(began.splitlines()), "\n".join(theirs.splitlines())
                theirs = field.to_python(theirs)
            if field.has_changed(theirs, began):
                yield name, theirs

    def _show_now(self, name: str, theirs: Any, *, is_typed: bool) -> None:
        """Make the row's value the initial one, and show it if the user typed no other."""
        field, bound = self.fields[name], self[name]
        written = _written(field, theirs)
        began = theirs.isoformat() if isinstance(theirs, datetime) else written
        self.put({bound.html_initial_name: began})
        if not is_typed:
            is_unticked = isinstance(field, forms.BooleanField) and not theirs
            self.put({bound.html_name: None if is_unticked else written})

    def put(self, values: Mapping[str, str | None]) -> None:
        """Replace what was sent; None removes a value."""
        data: Any = self.data.copy()  # type: ignore[attr-defined]
        for name, value in values.items():
            data.pop(name, None)
            if value is not None:
                data[name] = value
        self.data = data


def sent_counts(data: Any, prefix: str) -> tuple[int, int] | None:
    """How many existing rows, and rows in all, a formset's data says that it has.

    None where it says no number: the formset itself says then that something is missing.
    """
    form = ManagementForm(data, prefix=prefix)
    if not form.is_valid():
        return None
    counts: Any = form.cleaned_data
    return counts[INITIAL_FORM_COUNT], counts[TOTAL_FORM_COUNT]


def drop_deleted_rows(data: Any, prefix: str, there: Collection[str]) -> Any:
    """The data of a formset without rows that somebody else has deleted meanwhile.

    :param there: the ids of the rows that exist
    """
    if sent_counts(data, prefix) is None:
        return data
    row_field = re.compile(rf"((?:initial-)?{prefix}-)(\d+)(-.+)")
    sent = [(match, value) for name, value in data.items() if (match := row_field.fullmatch(name))]
    gone = {
        match[2]
        for match, value in sent
        if match[0] == f"{prefix}-{match[2]}-id" and value and value not in there
    }
    if not gone:
        return data
    kept = sorted({match[2] for match, _ in sent} - gone, key=int)
    data = data.copy()
    for match, _ in sent:
        del data[match[0]]
    for match, value in sent:
        if match[2] in kept:
            data[f"{match[1]}{kept.index(match[2])}{match[3]}"] = value
    for count in (f"{prefix}-TOTAL_FORMS", f"{prefix}-INITIAL_FORMS"):
        data[count] = str(int(data[count]) - len(gone))
    return data


def adopt_added_rows(data: Any, prefix: str, field: str, there: Mapping[str, str]) -> Any:
    """The data of a formset sent twice: rows that the first sending added are existing ones.

    :param there: the ids of the rows that exist, by the value of ``field`` that is unique
    """
    counts = sent_counts(data, prefix)
    if counts is None:
        return data
    known = {value for name, value in data.items() if re.fullmatch(rf"{prefix}-\d+-id", name)}
    adopted = data.copy()
    for number in range(*counts):
        row = there.get(data.get(f"{prefix}-{number}-{field}", "").strip())
        # Existing rows come first.
        if row is None or row in known:
            break
        adopted[f"{prefix}-{number}-id"] = row
        adopted[f"{prefix}-INITIAL_FORMS"] = str(number + 1)
    return adopted


def _written(field: forms.Field, value: Any) -> str:
    """A value as a browser would send it."""
    prepared = field.prepare_value(value)
    return "" if prepared is None else str(prepared)


def _formatted(field: forms.Field, value: Any) -> str:
    if isinstance(field, forms.BooleanField):
        return "yes" if value else "no"
    return _written(field, value) or "nothing"
