"""Modules stay small, and a class name means one thing."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_LINES = 350
#: Names that Django gives, or that each model has for its own states.
SHARED_NAMES = {"Command", "Meta", "Migration", "Status"}


def test_no_module_is_over_350_lines() -> None:
    modules = [
        path
        for pattern in ("shop/**/*.py", "shop/**/*.js", "offers/**/*.py", "static/**/*.js")
        for path in ROOT.glob(pattern)
        if not path.name.endswith(".min.js")
    ]
    lengths = {str(path.relative_to(ROOT)): path.read_text().count("\n") for path in modules}
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_class_names_are_unique() -> None:
    places = defaultdict(list)
    for path in ROOT.glob("shop/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and node.name not in SHARED_NAMES:
                places[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
