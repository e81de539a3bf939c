"""The forms by which a file of a table is brought in: the file, its columns, the confirmation."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BoundField

from shop.merchant.forms.csv_tables import CsvTable
from shop.merchant.forms.table_files import MOST_BYTES, TableFile, column_letter, read_table

#: The field of a column, and some of its values.
type ColumnField = tuple[BoundField, list[str]]

LEAVE_OUT = ("", "leave out")


class TableFileForm(forms.Form):
    """A file to look at; its ``table`` is read when the form is checked."""

    import_file = forms.FileField(label="File")
    content: bytes
    table: TableFile

    def clean_import_file(self) -> Any:
        """:raises ValidationError: it is too large, or no table"""
        upload = self.cleaned_data["import_file"]
        if upload.size > MOST_BYTES:
            raise ValidationError(f"At most {MOST_BYTES // 1024 // 1024} MB, please.")
        self.content = b"".join(upload.chunks())
        self.table = read_table(self.content)
        return upload


class ConfirmForm(forms.Form):
    """Says that a file is to be written whose preview was shown."""

    file = forms.CharField(widget=forms.HiddenInput)
    agreed = forms.CharField(widget=forms.HiddenInput, required=False)


class ColumnsForm(forms.Form):
    """What each column of a file is; ``columns`` once it is valid."""

    file = forms.CharField(widget=forms.HiddenInput)

    def __init__(
        self,
        data: Any = None,
        *,
        token: str,
        table: type[CsvTable],
        file: TableFile,
        columns: Sequence[str],
    ) -> None:
        super().__init__(data, label_suffix="", initial={"file": token})
        self.table, self.table_file = table, file
        options = [LEAVE_OUT, *table.choices.labels.items()]
        for at, header in enumerate(file.headers):
            self.fields[f"column-{at}"] = forms.ChoiceField(
                choices=options,
                required=False,
                label=header or f"Column {column_letter(at)}",
                initial=columns[at],
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """Our column for each of the file's; empty for one that is left out."""
        places = range(len(self.table_file.headers))
        return tuple(self.cleaned_data[f"column-{at}"] for at in places)

    def clean(self) -> None:
        """:raises ValidationError: a column is missing, or two are taken for one"""
        if not self.errors:
            self.table.choices.check(self.columns, self.table.needed)

    def taken(self) -> list[ColumnField]:
        """The columns that are one of ours by now; all of them where none is."""
        return [each for each in self._all() if each[0].value()] or self._all()

    def left_out(self) -> list[ColumnField]:
        """The others."""
        taken = [each[0].name for each in self.taken()]
        return [each for each in self._all() if each[0].name not in taken]

    def _all(self) -> list[ColumnField]:
        places = range(len(self.table_file.headers))
        return [(self[f"column-{at}"], self.table_file.samples(at)) for at in places]
