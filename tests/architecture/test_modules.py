"""Modules stay small, and a class name means one thing."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_LINES = 350
#: Names that Django gives, or that each model has for its own states.
SHARED_NAMES = {"Command", "DatabaseWrapper", "Meta", "Migration", "Status"}
#: Whoever uses one of these changes a list price, a sale or a deal.
CHANGES_PRICES = {
    *("change", "record", "record_list_price", "unsaved_changes"),
    *("move_stock", "save_with_stock", "record_supplies"),
    *("record_in_bulk", "record_list_prices"),
}
WORKS_THEM_OUT = {"list_price_changed", "list_prices_changed", "work_out_reference_prices"}
#: One that changes drafts alone, the one that does it for others, and one that changes no price.
NEED_NOT = {
    "shop/merchant/sales/copies.py",
    "shop/sales/outages.py",
    "shop/sales/reference_prices.py",
}


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


def test_whoever_changes_a_price_works_out_the_reference_prices_that_follow() -> None:
    forgetful = []
    for path in ROOT.glob("shop/**/*.py"):
        imports = [
            alias.name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("shop.")
            for alias in node.names
        ]
        if CHANGES_PRICES.intersection(imports) and not WORKS_THEM_OUT.intersection(imports):
            forgetful.append(str(path.relative_to(ROOT)))
    assert set(forgetful) == NEED_NOT
