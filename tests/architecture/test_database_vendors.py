"""A database that the shop does not know is taken for one that speaks as PostgreSQL does."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: They know two, and do what is right on any.
HAVE_A_THIRD_WAY = {
    "shop/core/named_locks.py",
    "shop/sales/revision_triggers.py",
    "shop/sales/revisions.py",
}


def test_no_branch_on_the_vendor_of_the_database_leaves_one_out() -> None:
    uses = [
        (f"{path.relative_to(ROOT)}:{child.lineno}", node, child)
        for path in ROOT.glob("shop/**/*.py")
        if str(path.relative_to(ROOT)) not in HAVE_A_THIRD_WAY
        for node in ast.walk(ast.parse(path.read_text()))
        for child in ast.iter_child_nodes(node)
        if isinstance(child, ast.Attribute) and child.attr == "vendor"
    ]
    assert uses
    for place, node, vendor in uses:
        assert not isinstance(node, ast.Subscript), f"{place} raises KeyError for others"
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".get"):
            assert len(node.args) == 2, f"{place} has no answer for others"
        if isinstance(node, ast.Compare):
            sides = [ast.unparse(each) for each in (node.left, *node.comparators)]
            assert set(sides) - {ast.unparse(vendor)} == {"'sqlite'"}, f"{place} leaves others out"
