"""Workbooks of Excel and its like (.xlsx), read as rows of text."""

import re
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from itertools import islice, repeat
from time import sleep
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from openpyxl import load_workbook

from shop.core.csv_cells import read_cell

type Line = tuple[int, list[str]]

#: What a workbook may swell to, in bytes, and in parts.
MOST_UNPACKED, _MOST_PARTS = 100 * 1024 * 1024, 2_000
_REFUSED = "This workbook cannot be read. Open it in a spreadsheet, and save it once more as .xlsx."
#: Rows after which other threads go first, and for how long in seconds.
_ROWS_IN_A_ROW, _PAUSE = 100, 0.0005
_FORMULA = re.compile(rb"<f[\s>/]")
_NAMED = 20


class SheetRows(NamedTuple):
    """The rows of a workbook's first sheet that has any, and what there is to say of the others."""

    lines: Iterator[Line]
    note: str


def read_workbook(content: bytes, *, most_columns: int) -> SheetRows:
    """The first sheet with rows: each with its number, its cells as people would type them.

    :raises ValidationError: it is no workbook, or too large, or without rows
    """
    has_formulas = _check_size(content)
    try:
        values = _open(content, data_only=True)
        filled = [sheet.title for sheet in values.worksheets if _has_rows(sheet)]
    except Exception:
        raise ValidationError(_REFUSED) from None
    if not filled:
        raise ValidationError("This workbook has no rows.")
    name, *others = filled
    note = f"Only the sheet {name} was read, not {', '.join(others)}." if others else ""
    sources = _open(content, data_only=False)[name].iter_rows() if has_formulas else repeat(())
    return SheetRows(_rows(values[name].iter_rows(), sources, most_columns=most_columns), note)


def _check_size(content: bytes) -> bool:
    """Whether there are formulas in it.

    :raises ValidationError: it is no workbook, or too large
    """
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            parts = archive.infolist()
            if len(parts) > _MOST_PARTS or sum(each.file_size for each in parts) > MOST_UNPACKED:
                raise ValidationError("This workbook is too large: divide it, or save it as CSV.")
            names = {each.filename for each in parts}
            if "xl/workbook.xml" not in names:
                kind = "an OpenDocument file" if "content.xml" in names else "no workbook of Excel"
                raise ValidationError(f"This is {kind}: save it as .xlsx, or as CSV.")
            sheets = [each for each in parts if each.filename.startswith("xl/worksheets/")]
            return any(_FORMULA.search(archive.read(each)) for each in sheets)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError):
        raise ValidationError(_REFUSED) from None


def _open(content: bytes, *, data_only: bool) -> Any:
    book = load_workbook(BytesIO(content), read_only=True, data_only=data_only, keep_links=False)
    for sheet in book.worksheets:
        # Its own word for its size may be wrong.
        sheet.reset_dimensions()
    return book


def _has_rows(sheet: Any) -> bool:
    some = islice(sheet.iter_rows(values_only=True), 1000)
    return any(cell not in {None, ""} for row in some for cell in row)


def _rows(values: Iterable[Any], sources: Iterable[Any], *, most_columns: int) -> Iterator[Line]:
    """:raises ValidationError: cells have errors, or formulas that were never computed"""
    problems: list[str] = []
    try:
        for number, (cells, written) in enumerate(zip(values, sources, strict=False), start=1):
            if not cells:
                continue
            if number % _ROWS_IN_A_ROW == 0:
                sleep(_PAUSE)
            if len(cells) > most_columns:
                raise ValidationError(f"It has more than {most_columns} columns: leave some out.")
            problems += filter(None, map(_problem, cells, written or cells))
            yield number, [_text(cell.value) for cell in cells]
    except ValidationError:
        raise
    except Exception:
        raise ValidationError(_REFUSED) from None
    if problems:
        raise ValidationError(problems[:_NAMED])


def _problem(cell: Any, source: Any) -> str:
    """What is wrong with a cell, of which ``source`` is what was written into it."""
    if cell.value is None and getattr(source, "data_type", "n") == "f":
        return (
            f"Cell {source.coordinate} has a formula that was never computed: open the file in a "
            "spreadsheet, and save it."
        )
    if getattr(cell, "data_type", "n") == "e":
        return f"Cell {cell.coordinate} says {cell.value}: mend it in the spreadsheet, or empty it."
    return ""


def _text(value: Any) -> str:
    """What a person would type for a cell: 49.9, 12, 2026-12-25."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            # Spreadsheets show fifteen figures; what is behind them comes from binary fractions.
            return f"{Decimal(f'{value:.15g}'):f}" if value == value else ""
        case datetime():
            is_day = value.time() == datetime.min.time()
            return str(value.date()) if is_day else value.isoformat(" ")
        case date():
            return value.isoformat()
        case _:
            return read_cell(str(value))
