"""Text with delimiters (CSV), as spreadsheets of all countries write it, cut into cells."""

import csv
import re
from collections.abc import Iterator
from io import StringIO
from itertools import islice

from clevercsv.detect import Detector
from django.core.exceptions import ValidationError

from shop.core.csv_cells import read_cell

type Line = tuple[int, list[str]]

DELIMITERS = (",", ";", "\t", "|")
#: How much of a file is looked at where its first line does not decide.
_SAMPLE_LINES, _SAMPLE_LETTERS = 40, 8_000
#: Excel's own first line, which says what follows: sep=;
_SEPARATOR = re.compile(r'"?sep=(.)"?[,;\t|]*(?:\r\n|\r|\n)', re.IGNORECASE)
_FIRST_ROWS, _LONGEST_HEADER = 20, 200_000


def read_lines(text: str) -> Iterator[Line]:
    """The rows of a text, each with the number of its first line in the file.

    :raises ValidationError: a quotation mark is not closed, or a cell is too long
    """
    first = _SEPARATOR.match(text)
    before = 1 if first else 0
    if first:
        text = text[first.end() :]
    delimiter = first[1] if first and first[1] in DELIMITERS else _delimiter_of(text)
    reader = csv.reader(
        StringIO(text, newline=""), delimiter=delimiter, quotechar=_quote_of(text), strict=True
    )
    while True:
        line = before + reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise ValidationError(f"Line {line:,}: {_in_words(error)}") from None
        if cells is None:
            return
        yield line, [read_cell(cell) for cell in cells]


def _in_words(error: csv.Error) -> str:
    if "field larger" in str(error):
        return f"a cell has more than {csv.field_size_limit():,} letters."
    return (
        "a quotation mark begins a cell that does not end with one. Where a text has quotation "
        "marks of its own, each is written twice."
    )


def _delimiter_of(text: str) -> str:
    """What divides the cells: by the first row that has more than one, or by what the rows have."""
    widths = {each: _first_width(text, each) for each in DELIMITERS}
    able = [each for each in DELIMITERS if widths[each] > 1]
    if len(able) < 2:
        return able[0] if able else DELIMITERS[0]
    found = Detector().detect(_sample(text), delimiters=able)
    if found is not None and found.delimiter in able:
        return str(found.delimiter)
    return max(able, key=lambda each: widths[each])


def _first_width(text: str, delimiter: str) -> int:
    """How many cells the first row has that is not blank."""
    begin = StringIO(text[:_LONGEST_HEADER], newline="")
    rows = csv.reader(begin, delimiter=delimiter, quotechar=_quote_of(text))
    try:
        return next((len(row) for row in islice(rows, _FIRST_ROWS) if any(row)), 0)
    except csv.Error:
        return 0


def _sample(text: str) -> str:
    lines = StringIO(text[:_SAMPLE_LETTERS], newline="")
    return "".join(islice(lines, _SAMPLE_LINES))


def _quote_of(text: str) -> str:
    """The quotation mark: an apostrophe where the first line puts its names between such."""
    begin = text.lstrip()
    first = re.match(r"'[^'\r\n]*'(?P<after>.?)", begin)
    return "'" if first and first["after"] in {*DELIMITERS, ""} else '"'
