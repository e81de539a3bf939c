"""Nobody asks a clock of their own: neither Python's, nor the database's."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SQL_CLOCK = re.compile(
    r"\b(now|(clock|statement|transaction)_timestamp|getdate|sysdate)\s*\("
    r"|\b(current_(timestamp|time|date)|localtime(stamp)?)\b|'now'",
    re.IGNORECASE,
)


def sources() -> Iterator[Path]:
    """Our code, migrations too; neither the stand-in, on the real clock, nor the tests' plugin."""
    for wing in ("offers", "shop"):
        for path in (ROOT / wing).rglob("*.py"):
            if not {"sandbox", "pytest_plugin"} & set(path.parts):
                yield path


def texts(tree: ast.Module) -> Iterator[str]:
    """The strings of a module that are not its docstrings."""
    told = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def test_no_sql_asks_the_database_what_time_it_is() -> None:
    """But for the health check, which measures the machine's clock by it and decides nothing."""
    found = {
        str(path.relative_to(ROOT))
        for path in sources()
        if any(SQL_CLOCK.search(text) for text in texts(ast.parse(path.read_text())))
    }
    assert found == {"shop/operations/database_clock.py"}


def test_no_row_is_stamped_by_the_database() -> None:
    for path in sources():
        tree = ast.parse(path.read_text())
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert "Now" not in names, path


@pytest.mark.parametrize(
    "line",
    [
        "from datetime import datetime; datetime.now()",
        "import datetime; datetime.datetime.now(datetime.UTC)",
        "import datetime; datetime.date.today()",
        "import time; time.time()",
        "from time import time",
        "import time; time.time_ns()",
        "import time; time.monotonic()",
        "from time import perf_counter",
        "from django.db.models.functions import Now",
        "from django.utils import timezone; timezone.now()",
    ],
)
def test_the_linter_refuses_another_door(line: str) -> None:
    done = subprocess.run(
        [
            *[
                str(Path(sys.executable).with_name("ruff")),
                "check",
                "--select=TID251",
                "--no-cache",
            ],
            *["--stdin-filename=shop/sales/elsewhere.py", "-"],
        ],
        cwd=ROOT,
        input=line.replace("; ", "\n") + "\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "TID251" in done.stdout) == (1, True), done.stdout
