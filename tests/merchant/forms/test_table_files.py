"""Files of tables as people have them: what each gives, or why it is refused."""

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from tablib import Dataset

from shop.merchant.forms import table_files, workbooks
from shop.merchant.forms.csv_format import CsvFormat
from shop.merchant.forms.encodings import decode
from shop.merchant.forms.table_files import read_table

FILES = Path(__file__).parents[2] / "inputs" / "tables"
NAMES = ("sku", "name", "list_price", "supplied")
TEE, HAT = ("TEE", "Tee", "19.90", "5"), ("HAT", "Hat", "9.90", "2")

#: Each file with its columns, its rows by their lines, and what is said of how it was read.
READ: dict[str, tuple[tuple[str, ...], dict[int, tuple[str, ...]], str]] = {
    "header-with-blanks.csv": (("Sku", "NAME", "List-Price", "supplied"), {2: TEE}, ""),
    "header-in-apostrophes.csv": (NAMES, {2: ("TEE", "Tee, blue", "19.90", "5")}, ""),
    "blank-first-lines.csv": (NAMES, {4: TEE}, ""),
    "title-above.csv": (NAMES, {4: TEE}, "Left out above the columns’ names: Price list."),
    "rows-of-commas.csv": (NAMES, {2: TEE, 4: HAT}, ""),
    "blank-columns.csv": (NAMES, {2: TEE, 3: HAT}, ""),
    "cp1252.csv": (
        NAMES,
        {2: ("TASSE", "Größe Öl – schön", "12,90 €", "5")},
        "They were read as Western European (Windows)",
    ),
    "mac-roman.csv": (
        NAMES,
        {2: ("TASSE", "Größe Öl – schön", "12,90", "5")},
        "They were read as Western European (Mac)",
    ),
    "utf-16.txt": (NAMES, {2: ("TEE", "Tée", "19,90", "5")}, ""),
    "utf-16-without-mark.txt": (NAMES, {2: ("TEE", "Tée", "19,90", "5")}, ""),
    "sep-line.csv": (NAMES, {3: ("TEE", "Tee", "19,90", "5")}, ""),
    "semicolons-and-decimal-commas.csv": (
        NAMES,
        {2: ("TEE", "Tee, blau", "1.299,50", "5"), 3: ("HAT", "Hut", "49,90", "2")},
        "",
    ),
    "tabs.tsv": (NAMES, {2: ("TEE", "Tee, blue", "19.90", "5")}, ""),
    "pipes.txt": (NAMES, {2: ("TEE", "Tee; blue", "19.90", "5")}, ""),
    "commas-in-the-header.csv": (
        ("sku", "name, in English", "list_price", "supplied"),
        {2: ("TEE", "Tee", "19,90", "5"), 3: ("HAT", "Hat", "9,90", "2")},
        "",
    ),
    "lines-in-a-cell.csv": (NAMES, {2: ("TEE", 'Tee,\n"blue"', "19.90", "5"), 4: HAT}, ""),
    "formulas-as-text.csv": (NAMES, {2: ("TEE", "=1+1", "19.90", "5")}, ""),
    "two-of-one-name.csv": (
        NAMES,
        {
            2: ("TEE-1", "Tee", "19.90", "5"),
            3: ("TEE-2", "Tee", "24.90", "2"),
            4: ("TEE-3", "Tee", "29.90", "1"),
        },
        "",
    ),
}

#: Each file that is refused, with the sentences that say why and what to do.
REFUSED = {
    "duplicate-header.csv": ["2 columns have the name price (C and E)"],
    "ragged.csv": ["Line 2 has 5 cells, and the first line names 4", "Line 4 has 5 cells"],
    "open-quotation-mark.csv": ["Line 2: a quotation mark begins a cell that does not end with"],
    "header-alone.csv": ["It has no rows below the line that names the columns."],
    "empty.csv": ["It is empty."],
    "web-page.xls": ["This is a web page, and no table: save it as .xlsx, or as CSV."],
    "old-workbook.xls": ["This is a workbook of an old kind (.xls): save it as .xlsx"],
}


@pytest.mark.parametrize("name", READ)
def test_a_file_is_read_as_its_author_meant_it(name: str) -> None:
    headers, rows, note = READ[name]
    table = read_table((FILES / name).read_bytes())
    assert table.headers == headers
    assert dict(zip(table.lines, table.rows, strict=True)) == rows
    assert note in " ".join(table.notes) and bool(note) == bool(table.notes)


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_be_read_is_refused_in_words(name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        read_table((FILES / name).read_bytes())
    said = refused.value.messages
    assert len(said) == len(REFUSED[name])
    assert all(each in text for each, text in zip(REFUSED[name], said, strict=True))


#: Files of shops have columns of their own: the room of products has a table of them.
OTHERS = {
    "german-price-list.csv",
    "names-and-prices.csv",
    "shopify-export.csv",
    "shopify-template-2025.csv",
    "woocommerce-deutsch.csv",
    "woocommerce-export.csv",
}


def test_every_file_of_the_folder_stands_in_a_table() -> None:
    there = {path.name for path in FILES.iterdir()}
    assert there - OTHERS == READ.keys() | REFUSED.keys()


# --- Encodings -----------------------------------------------------------------------

TEXTS = {
    "cp1252": [
        "Grüße",
        "Tée",
        "Preis ä;Ä",
        "Camiseta niño",
        "d’été – légère",
        "Café “noir”",
        "5 €",
    ],
    "mac_roman": ["Grüße", "Tée", "Preis ä;Ä", "Camiseta niño", "d’été – légère", "Größe;5 €"],
    "cp1250": ["Zażółć gęślą jaźń", "Příliš žluťoučký kůň", "Łódź", "Czapka żółta"],
    "cp1251": ["Футболка мужская", "Чашка;Кружка"],
    "utf-8": ["Grüße – 👕", "日本"],
    "utf-8-sig": ["Grüße"],
    "utf-16": ["Grüße", "日本"],
    "utf-16-le": ["Grüße;1\n"],
    "utf-16-be": ["Grüße;1\n"],
    "utf-32": ["Grüße"],
}


@pytest.mark.parametrize(
    ("encoding", "text"), [(name, text) for name, texts in TEXTS.items() for text in texts]
)
def test_a_text_is_read_in_the_encoding_that_it_was_saved_in(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)).text == text


@pytest.mark.parametrize(
    "content", [b"\0", b"a\0b", b"\xff\xfe\0sku,\xd8\r\n", bytes(range(1, 256))]
)
def test_what_is_no_text_is_refused(content: bytes) -> None:
    with pytest.raises(ValidationError):
        decode(content)


# --- Workbooks -----------------------------------------------------------------------


def workbook(*sheets: list[list[Any]]) -> bytes:
    """A workbook (.xlsx) with these sheets."""
    book, file = Workbook(), io.BytesIO()
    book.remove(book.worksheets[0])
    for number, rows in enumerate(sheets, start=1):
        sheet = book.create_sheet(f"Sheet {number}")
        for row in rows:
            sheet.append(row)
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (49.9, "49.9"),
        (12.0, "12"),
        (0.1 + 0.2, "0.3"),
        (1299.5, "1299.5"),
        (1e21, "1000000000000000000000"),
        (1001, "1001"),
        (True, "yes"),
        (date(2026, 12, 25), "2026-12-25"),
        (datetime.fromisoformat("2026-12-25T17:30"), "2026-12-25 17:30:00"),
        ("19,90 €", "19,90 €"),
        ("'=1+1", "=1+1"),
        (None, ""),
    ],
)
def test_a_cell_of_a_workbook_is_what_a_person_would_type(value: object, text: str) -> None:
    table = read_table(workbook([["sku", "it"], ["TEE", value], ["HAT", "x"]]))
    assert table.rows[0] == ("TEE", text)


def test_the_first_sheet_with_rows_is_read_and_the_others_are_named() -> None:
    table = read_table(workbook([], [["sku", "name"], [None], ["TEE", "Tee"]], [["notes"]]))
    assert (table.headers, table.rows, table.lines) == (("sku", "name"), (("TEE", "Tee"),), (3,))
    assert table.notes == ("Only the sheet Sheet 2 was read, not Sheet 3.",)


def test_a_formula_that_was_never_computed_is_told_by_its_cell() -> None:
    with pytest.raises(ValidationError, match="Cell B2 has a formula that was never computed"):
        read_table(workbook([["sku", "price"], ["TEE", "=1+1"]]))


def test_an_error_in_a_workbook_is_told_by_its_cell() -> None:
    with pytest.raises(ValidationError, match="Cell B2 says #DIV/0!"):
        read_table(workbook([["sku", "price"], ["TEE", "#DIV/0!"]]))


def swollen(_: pytest.MonkeyPatch) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * (workbooks.MOST_UNPACKED + 1))
    return file.getvalue()


def wide(monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setattr(table_files, "MOST_COLUMNS", 3)
    return workbook([["a", "b", "c", "d"], [1, 2, 3, 4]])


def broken(_: pytest.MonkeyPatch) -> bytes:
    content = workbook([["sku", "name"], ["TEE", "Tee"]])
    return content[: len(content) // 2]


def open_document(_: pytest.MonkeyPatch) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("content.xml", b"<a/>")
    return file.getvalue()


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (swollen, "This workbook is too large"),
        (wide, "more than 3 columns"),
        (broken, "This workbook cannot be read"),
        (open_document, "This is an OpenDocument file: save it as .xlsx"),
        (lambda _: workbook([]), "This workbook has no rows"),
    ],
)
def test_a_workbook_that_will_not_do_is_refused_in_words(
    made: Callable[[pytest.MonkeyPatch], bytes], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValidationError, match=said):
        read_table(made(monkeypatch))


# --- Whatever the content ----------------------------------------------------------------

CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.lists(
    st.sampled_from(["'", "=", "-1", '"', ";", ",", "\t", "|", "\n", "\r\n", "a", " ", "sep=;"])
).map("".join)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
def test_what_the_shop_writes_it_reads_back_as_it_was(rows: list[tuple[str, str]]) -> None:
    text = CsvFormat().export_data(
        Dataset(*((f"{n}", *row) for n, row in enumerate(rows)), headers=["sku", "name", "text"])
    )
    table = read_table(text.encode())
    assert table.headers == ("sku", "name", "text")
    assert [row[1:] for row in table.rows] == rows
