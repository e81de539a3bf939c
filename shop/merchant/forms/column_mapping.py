"""Which of a file's columns is which of ours: by its name, by the program it comes from, or chosen.

A file whose columns all have our names is read as it is. Of any other somebody says what its
columns are, and is shown a guess.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.core.exceptions import ValidationError

from shop.core.typed.spelling import plain
from shop.merchant.forms.table_files import TableFile
from shop.merchant.forms.table_rows import TableRow, TableRows

#: What stands behind a name: "Preis (EUR)", "Price in €".
_BEHIND = re.compile(r"\s*(?:\([^)]*\)|(?:in )?(?:eur|€|usd|\$|gbp|£|chf))$")


@dataclass(frozen=True, slots=True)
class ExportPreset:
    """The columns of a program's export: ours by its own names, and names that no other has."""

    program: str
    signs: frozenset[str]
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ColumnChoices:
    """What a file's columns may be: ours by name, with what each is.

    :param words: ours by what people call them
    :param joined: how a cell is made where several of a file's columns are one of ours
    :param converted: how cells of other programs are written our way
    :param instead: columns of which any one will do in place of one that is needed
    """

    labels: Mapping[str, str]
    words: Mapping[str, str] = field(default_factory=dict)
    presets: tuple[ExportPreset, ...] = ()
    joined: Mapping[str, Callable[[Sequence[str]], str]] = field(default_factory=dict)
    converted: Mapping[str, Callable[[str], str]] = field(default_factory=dict)
    instead: Mapping[str, Collection[str]] = field(default_factory=dict)

    def guess(self, headers: Sequence[str]) -> "Guess":
        """Our column for each of a file's, as far as their names say it."""
        names = [folded(header) for header in headers]
        for preset in self.presets:
            if preset.signs.issubset(names):
                return Guess(tuple(preset.columns.get(name, "") for name in names), preset.program)
        by_name = {folded(name): name for name in self.labels}
        known = {**self.words, **by_name}
        found = [known.get(name) or known.get(_BEHIND.sub("", name), "") for name in names]
        # The first of several; which of them is meant, nobody knows.
        return Guess(
            tuple(
                name if name in self.joined or name not in found[:at] else ""
                for at, name in enumerate(found)
            ),
            "",
        )

    def check(self, columns: Sequence[str], needed: Collection[str]) -> None:
        """:raises ValidationError: a column is missing, or two are taken for one"""
        taken = set(columns)
        missing = [name for name in needed if not taken & {name, *self.instead.get(name, ())}]
        if missing:
            raise ValidationError(f"No column is taken for {' and '.join(missing)}.")
        once = {name for name in columns if name and name not in self.joined}
        if twice := sorted(name for name in once if columns.count(name) > 1):
            raise ValidationError(f"Two columns are taken for {' and '.join(twice)}.")


class Guess(NamedTuple):
    """Our column for each of a file's, empty where unknown; the program that wrote it, or none."""

    columns: tuple[str, ...]
    program: str


def folded(name: str) -> str:
    """A column's name without what people write in many ways: case, blanks, and dashes."""
    return plain(name.replace("_", " ").replace("-", " ")).casefold()


def named_columns(headers: Sequence[str], known: Collection[str]) -> tuple[str, ...] | None:
    """Our columns, where all of a file's have our names; None if one has not."""
    by_name = {folded(name): name for name in known}
    columns = tuple(by_name.get(folded(header), "") for header in headers)
    return columns if all(columns) and len(set(columns)) == len(columns) else None


def named_rows(file: TableFile, columns: Sequence[str]) -> TableRows:
    """The rows of a file whose columns have our names, cell by cell."""
    return TableRows(
        dict(zip(columns, file.headers, strict=True)),
        [
            TableRow(line, dict(zip(columns, cells, strict=True)))
            for line, cells in zip(file.lines, file.rows, strict=True)
        ],
        file.notes,
    )


def chosen_rows(file: TableFile, columns: Sequence[str], choices: ColumnChoices) -> TableRows:
    """The rows of a file by columns that somebody chose; empty ones are left out."""
    places: dict[str, list[int]] = {}
    for at, name in enumerate(columns):
        if name:
            places.setdefault(name, []).append(at)

    def cell(cells: Sequence[str], name: str) -> str:
        convert = choices.converted.get(name, str)
        values = [convert(cells[at]) for at in places[name]]
        return choices.joined[name](values) if len(values) > 1 else values[0]

    left_out = [header for header, name in zip(file.headers, columns, strict=True) if not name]
    notes = [f"Left out: {', '.join(filter(None, left_out))}."] if any(left_out) else []
    return TableRows(
        {name: file.headers[at[0]] or name for name, at in places.items()},
        [
            TableRow(line, {name: cell(cells, name) for name in places})
            for line, cells in zip(file.lines, file.rows, strict=True)
        ],
        (*file.notes, *notes),
    )
