"""The benchmarks run and say something sane. How long anything takes is nobody's business here."""

import re
import subprocess
import sys
from pathlib import Path

from benchmarks.__main__ import table
from benchmarks.measure import Comparison, Row, compare

ROOT = Path(__file__).parent.parent.parent


def test_every_benchmark_has_its_row_and_its_notes() -> None:
    """In a process of their own: they measure a shop with DEBUG off and databases of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--rounds", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    lines, _, notes = done.stdout.partition("\n\n")
    rows = {cells[0]: cells[1:] for cells in map(_cells, lines.splitlines()[1:])}
    assert rows.keys() == {"mint", "page", "stored, SQLite", "stored, PostgreSQL"}
    for ours, baseline, ratio, goal, judgement in rows.values():
        assert _number(ours) > 0
        assert _number(baseline) > 0
        assert judgement == ("over" if _number(ratio) > _number(goal) else "ok")
    assert "24 offers in" in notes
    assert "0 queries a view" in notes
    assert "with ES256" in notes


def test_both_are_called_equally_often_and_in_turn() -> None:
    calls: list[str] = []
    times = compare(
        lambda: calls.append("ours"), lambda: calls.append("baseline"), rounds=1, calls=2
    )
    assert calls == ["ours"] * 2 + ["baseline"] * 4 + ["ours"] * 2
    assert len(times.ratios) == 1


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    times = Comparison(ours_by_round=(1.0, 9.0, 4.0), baseline_by_round=(1.0, 3.0, 2.0))
    assert times.ratio == 2.0
    assert not Row("even", times, goal=2.0).is_over
    assert Row("above", times, goal=1.9).is_over


def test_figures_stand_below_each_other() -> None:
    assert table([("", "ours"), ("mint", "9.0 µs")]) == "        ours\nmint  9.0 µs"


def _cells(line: str) -> list[str]:
    return re.split(r"\s{2,}", line)


def _number(cell: str) -> float:
    return float(cell.removesuffix(" µs").replace(",", ""))
