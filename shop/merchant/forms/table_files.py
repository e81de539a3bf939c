"""Tables as people upload them (CSV or .xlsx), read into headers and rows of text."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from django.core.exceptions import ValidationError

from shop.core.typed.spelling import plain, quoted
from shop.merchant.forms.delimited_text import read_lines
from shop.merchant.forms.encodings import decode
from shop.merchant.forms.workbooks import read_workbook

type Line = tuple[int, list[str]]

MOST_BYTES, MOST_ROWS, MOST_COLUMNS = 20 * 1024 * 1024, 50_000, 500
#: Lines that may stand before the one that names the columns.
_MOST_BEFORE = 50
#: Problems of one file that are told.
_NAMED = 20
#: Beginnings of files that are no tables, or of kinds that are not read.
_OTHER_KINDS = {
    b"\xd0\xcf\x11\xe0": "This is a workbook of an old kind (.xls)",
    b"%PDF": "This is a PDF, and no table",
    b"\x89PNG": "This is a picture, and no table",
    b"\xff\xd8\xff": "This is a picture, and no table",
    b"GIF8": "This is a picture, and no table",
    b"{\\rtf": "This is a text document, and no table",
}


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table: its columns as the file names them, its rows, and the line of each in the file.

    All rows have as many cells as there are columns. ``notes`` are sentences on how it was read.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    notes: tuple[str, ...] = ()

    def samples(self, column: int, most: int = 3) -> list[str]:
        """The first values of a column, shortened."""
        values = (quoted(row[column]) for row in self.rows)
        return list(islice(dict.fromkeys(each for each in values if each), most))


def read_table(content: bytes) -> TableFile:
    """The table in a file. Blank rows and columns are left out.

    :raises ValidationError: it is no table, or too large, or its rows have more cells than there
        are columns, or it has no rows, or two columns of one name
    """
    for begin, what in _OTHER_KINDS.items():
        if content.startswith(begin):
            raise ValidationError(f"{what}: save it as .xlsx, or as CSV.")
    lines, notes = _lines_of(content)
    table, others = _table(lines)
    return TableFile(table.headers, table.rows, table.lines, (*notes, *others))


def _lines_of(content: bytes) -> tuple[Iterator[Line], list[str]]:
    if content.startswith(b"PK"):
        book = read_workbook(content, most_columns=MOST_COLUMNS)
        return book.lines, [book.note] if book.note else []
    decoded = decode(content)
    if decoded.text.lstrip()[:200].casefold().startswith(("<!doctype", "<html", "<?xml")):
        raise ValidationError("This is a web page, and no table: save it as .xlsx, or as CSV.")
    return read_lines(decoded.text), [decoded.note] if decoded.note else []


def _table(lines: Iterator[Line]) -> tuple[TableFile, list[str]]:
    header, before, after = _find_header(lines)
    rows = list(islice((each for each in (*after, *lines) if _is_filled(each)), MOST_ROWS + 1))
    if not rows:
        raise ValidationError("It has no rows below the line that names the columns.")
    if len(rows) > MOST_ROWS:
        raise ValidationError(f"It has more than {MOST_ROWS:,} rows: divide it.")
    names = [_name(cell) for cell in header[1]]
    width = max(map(_width, [(0, names), *rows]))
    if width > MOST_COLUMNS:
        raise ValidationError(f"It has more than {MOST_COLUMNS} columns: leave some out.")
    named = _width((0, names))
    if problems := list(islice(_too_long(rows, named), _NAMED)):
        raise ValidationError(problems)
    # What has neither a name nor a value is no column.
    values = {at for _, row in rows for at, cell in enumerate(row) if cell.strip()}
    kept = [at for at in range(named) if names[at] or at in values]
    _refuse_equal_names([names[at] for at in kept], kept)
    table = TableFile(
        tuple(names[at] for at in kept),
        tuple(tuple(row[at] if at < len(row) else "" for at in kept) for _, row in rows),
        tuple(line for line, _ in rows),
    )
    return table, [f"Left out above the columns’ names: {', '.join(before)}."] if before else []


def _find_header(lines: Iterator[Line]) -> tuple[Line, list[str], list[Line]]:
    """The line that names the columns: the first of several cells, or the first of all.

    :returns: it, what stands before it, and lines behind it that were read already
    """
    first = [each for each in islice(lines, _MOST_BEFORE) if _is_filled(each)]
    if not first:
        raise ValidationError("It is empty.")
    at = next((n for n, (_, cells) in enumerate(first) if sum(map(bool, cells)) > 1), 0)
    return first[at], [quoted("".join(cells)) for _, cells in first[:at]], first[at + 1 :]


def _is_filled(line: Line) -> bool:
    return any(cell and not cell.isspace() for cell in line[1])


def _width(line: Line) -> int:
    """How many cells a row has, those not counted that are blank at its end."""
    return max((at for at, cell in enumerate(line[1], start=1) if cell.strip()), default=0)


def _name(cell: str) -> str:
    return plain(cell).strip("'\"“”„«» ")


def _too_long(rows: Iterable[Line], named: int) -> Iterator[str]:
    for line in rows:
        if (width := _width(line)) > named:
            yield (
                f"Line {line[0]:,} has {width} cells, and the first line names {named} columns. "
                "Put a text that has the separator in it between quotation marks, or name the "
                "column."
            )


def _refuse_equal_names(names: list[str], at: list[int]) -> None:
    """:raises ValidationError: two columns have one name"""
    places: dict[str, list[str]] = {}
    for place, name in zip(at, names, strict=True):
        places.setdefault(name.casefold(), []).append(column_letter(place))
    for name, letters in places.items():
        if name and len(letters) > 1:
            raise ValidationError(
                f"{len(letters)} columns have the name {quoted(name)} ({' and '.join(letters)}): "
                "rename one, or take it out."
            )


def column_letter(column: int) -> str:
    """The letter by which spreadsheets name a column: 0 is A, 26 is AA."""
    text, number = "", column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("A") + rest) + text
    return text
