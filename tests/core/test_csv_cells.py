"""Cells of files: no spreadsheet computes them, and they are read back as they were."""

import ast
import re
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shop.core.csv_cells import SafeWriter, read_cell, safe_cell

SIGNS = "=+-@＝＋－＠"
CELLS = st.text(alphabet=st.sampled_from("=+-@＝＠'\"; ,\t\r\n\0a1."), max_size=12)


@pytest.mark.parametrize("beginning", [*SIGNS, "\t", "\r", "\n", "\0", "'=", " =", "\t="])
def test_a_cell_that_begins_like_a_formula_begins_with_an_apostrophe(beginning: str) -> None:
    cell = safe_cell(f"{beginning}cmd|' /C calc'!A0")
    assert cell.lstrip(" ").startswith("'")
    assert read_cell(cell) == f"{beginning}cmd|' /C calc'!A0"


@pytest.mark.parametrize("separator", [";", "\t", "\n", "\r\n", "; "])
def test_a_formula_behind_another_spreadsheets_separator_is_none_either(separator: str) -> None:
    assert safe_cell(f"Ada{separator}=1+1") == f"Ada{separator}'=1+1"


@pytest.mark.parametrize("number", [0, -5, Decimal("-4.99"), Decimal("12.50")])
def test_a_number_stays_a_number(number: int | Decimal) -> None:
    assert safe_cell(number) == str(number)


@pytest.mark.parametrize("text", ["-5", "-5+1", "+49 30 1234", "-", "-1e9"])
def test_text_that_looks_like_a_number_is_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@given(CELLS)
@example("'=1")
@example("''=1")
@example("\t'=1")
def test_what_was_written_is_read_back(text: str) -> None:
    assert read_cell(safe_cell(text)) == text


@given(CELLS)
def test_no_cell_is_computed_whatever_separates_cells(text: str) -> None:
    for part in re.split(r"[;\t\r\n]", safe_cell(text)):
        assert part.strip().lstrip("\0")[:1] not in set(SIGNS)


def test_a_row_is_written_by_the_same_rule() -> None:
    file = StringIO()
    SafeWriter(file).write(["=1", None, -5, 'a "b", c'])
    assert file.getvalue() == '\'=1,,-5,"a ""b"", c"\r\n'


def test_nobody_else_writes_csv() -> None:
    """So that no export can leave the rule out."""
    root = Path(__file__).parents[2]
    for path in [*root.glob("shop/**/*.py"), *root.glob("offers/**/*.py")]:
        if path.name == "csv_cells.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in {"writer", "DictWriter"}:
                assert not (isinstance(node.value, ast.Name) and node.value.id == "csv"), path
            if isinstance(node, ast.ImportFrom) and node.module == "csv":
                assert {each.name for each in node.names} <= {"reader", "DictReader"}, path
