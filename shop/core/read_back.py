"""Forms that show what they read, before it counts.

What a person typed may be understood in a way that surprises: "Friday 18:00", "1,5 h". Such a form
comes back once, with the value written out exactly in its field and a sentence that says it. Sent
again it is an exact value, and means the same whenever that is. Nothing is asked twice, and nothing
of what was exact from the beginning.

A page that has shown the reading already, as it was typed, says so: in a field ``<name>_read`` with
the exact value. Then the form counts at once.
"""

from collections.abc import Iterator

from django import forms
from django.core.exceptions import ValidationError

from shop.core.time_fields import TypedField
from shop.core.typed.spelling import quoted


def read_as(text: str, reading: str) -> str:
    """The sentence that shows a reading."""
    return f"“{quoted(text)}” was read as {reading}. Send it again to go on."


#: The code of what is no error, but a reading to look at.
READ_BACK = "read_back"


class ReadBackMixin(forms.BaseForm):
    """Shows a value that was read in a way that may surprise once more, written out exactly."""

    #: Whether it asks; a form of which nothing is saved need not.
    reads_back = True

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.reads_back:
            for name, said in list(self.write_out()):
                self.add_error(name, ValidationError(said, code=READ_BACK))

    @property
    def only_reads_back(self) -> bool:
        """Whether nothing is wrong with it, and it comes back for its readings alone."""
        errors = [error for each in self.errors.as_data().values() for error in each]
        return bool(errors) and all(error.code == READ_BACK for error in errors)

    def write_out(self) -> Iterator[tuple[str, str]]:
        """Write values out exactly that may surprise; yield each field's name, and a sentence."""
        for name, field in self.fields.items():
            text = self[name].data
            if not isinstance(field, TypedField) or not text or name in self.errors:
                continue
            if reading := field.surprise(text):
                exact = str(field.prepare_value(self.cleaned_data[name]))
                html_name = self[name].html_name
                if self.data.get(f"{html_name}_read") != exact:
                    self.data = self.data.copy()  # type: ignore[attr-defined]
                    self.data[html_name] = exact  # type: ignore[index]
                    yield name, read_as(text, reading)
