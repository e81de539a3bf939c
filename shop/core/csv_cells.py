"""Cells of CSV files that no spreadsheet takes for formulas, written and read back.

A spreadsheet computes a cell that begins with ``=``, ``+``, ``-`` or ``@``, or with their
full-width forms; some skip tabs, line ends and NULs before them (OWASP, CSV Injection; ASVS 5.0,
1.2.10). One that expects semicolons or tabs between cells finds beginnings of cells within ours.
Shoppers write their names themselves, so an apostrophe is put before each such beginning.
``read_cell`` takes it away again, and gives back exactly what was written.
"""

import csv
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Protocol

_SIGNS = r"=+\-@＝＋－＠"
# The beginning of the cell itself, and of that which other separators make of it. Apostrophes that
# stand there already are counted, so that it can be taken back.
_FIRST = re.compile(rf"'*[{_SIGNS}\t\r\n\0]")
_LATER = re.compile(rf"(^\s+|[;\t\r\n][\s\0]*)('*)(?=[{_SIGNS}])")
_ESCAPED_LATER = re.compile(rf"(^\s+|[;\t\r\n][\s\0]*)'('*)(?=[{_SIGNS}])")


class TextFile(Protocol):
    """What a CSV file is written to."""

    def write(self, text: str, /) -> Any: ...


def safe_cell(value: object) -> str:
    """The text of a cell that no spreadsheet computes; a number stays one, None is empty."""
    text = "" if value is None else str(value)
    if isinstance(value, (int, Decimal)):
        return text
    text = _LATER.sub(r"\1'\2", text)
    return f"'{text}" if _FIRST.match(text) else text


def read_cell(text: str) -> str:
    """The text that ``safe_cell`` was given, of the one that it returned."""
    if "'" not in text:
        return text
    if text.startswith("'") and _FIRST.match(text):
        text = text[1:]
    return _ESCAPED_LATER.sub(r"\1\2", text)


class SafeWriter:
    """Writes the rows of a CSV file by ``safe_cell``."""

    def __init__(self, file: TextFile) -> None:
        self._writer: Any = csv.writer(file)

    def write(self, cells: Iterable[object]) -> Any:
        """Write a row; returns what the file's ``write`` returns."""
        return self._writer.writerow([safe_cell(cell) for cell in cells])
