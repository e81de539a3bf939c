"""Tests that a page names, as ``tests/folder/test_file.py::test_name``."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


def named_tests(page: str) -> list[tuple[str, str]]:
    """The tests that a page names: file and function."""
    return re.findall(r"(tests/[\w/]+\.py)::(\w+)", page)


def missing_tests(page: str) -> list[str]:
    """The names among them of which their file has no test."""
    return [name for path, name in named_tests(page) if name not in _names_in(path)]


@cache
def _names_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
