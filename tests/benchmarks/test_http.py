"""The benchmark under HTTP: it needs a program of Debian's, and says so where that is not there."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import http

ROOT = Path(__file__).parent.parent.parent


def test_without_wrk_it_says_what_is_missing_and_has_no_rows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert http.run(1) == []
    assert "apt-get install wrk" in capsys.readouterr().err


@pytest.mark.verify
def test_the_production_server_answers_pages_adds_and_orders_while_it_is_measured() -> None:
    """In a process of its own, as ``make bench ONLY=http`` runs it."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "http", "--rounds", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"^http (\w+), (\w+), (\d)", done.stdout.partition("Spread")[0], re.M)
    if shutil.which("wrk") is None:
        assert not rows and "apt-get install wrk" in done.stderr
        return
    served = [("SQLite", "1"), ("PostgreSQL", "1"), ("PostgreSQL", "2")]
    assert rows == [(name, *where) for where in served for name in ("page", "add", "order")]
    assert done.stdout.count("processor ms an order: page ") == 3
