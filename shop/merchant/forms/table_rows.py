"""Rows of a table by our columns, each with its place in the file that it comes from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from import_export.results import Result


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row's cells by column, and its line in the file.

    ``lines``: those columns whose cells stand in another line.
    """

    line: int
    cells: Mapping[str, str]
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TableRows:
    """Rows, and what the file calls our columns; ``notes`` are sentences for who brings it in."""

    names: Mapping[str, str]
    rows: Sequence[TableRow]
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """The columns that rows have, ours by name."""
        return list(dict.fromkeys(name for row in self.rows for name in row.cells))


class RowProblem(NamedTuple):
    """What is wrong with a row: where in the file, and what to write."""

    line: int
    column: str
    text: str

    def __str__(self) -> str:
        """A sentence: "Line 5, Preis: abc is not an amount such as 49.90."."""
        where = f"Line {self.line:,}"
        return f"{where}, {self.column}: {self.text}" if self.column else f"{where}: {self.text}"


def problems_of(result: Result, rows: TableRows) -> Iterator[RowProblem]:
    """All that is wrong with the rows of a plan, in their order."""
    for invalid in result.invalid_rows:
        row = rows.rows[invalid.number - 1]
        said: Mapping[str, list[str]] = invalid.field_specific_errors
        for column, texts in said.items():
            line, name = row.lines.get(column, row.line), rows.names.get(column, column)
            yield from (RowProblem(line, name, text) for text in dict.fromkeys(texts))
        yield from (RowProblem(row.line, "", text) for text in invalid.non_field_specific_errors)
