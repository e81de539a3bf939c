"""The benchmarks run and say something sane. How long anything takes is nobody's business here."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.measure import Comparison, Row, compare, in_turn
from benchmarks.run_records import RowRecord
from benchmarks.sql_replay import Recording, Replay
from benchmarks.tables import table
from benchmarks.workers import Job, Workers

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.verify
def test_every_benchmark_has_its_row_and_its_notes() -> None:
    """In a process of their own: they measure a shop with DEBUG off and databases of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--rounds", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=480,
    )
    assert done.returncode == 0, done.stderr
    lines, _, notes = done.stdout.partition("\n\n")
    rows = {cells[0]: cells[1:] for cells in map(_cells, lines.splitlines()[1:])}
    assert rows.keys() == {
        "mint",
        "verify",
        "verify, ten keys",
        "hello",
        "page",
        "home",
        "bag",
        "form",
        "refresh at rest, PostgreSQL",
        "refresh after a change, PostgreSQL",
        "refresh at rest, SQLite",
        "refresh after a change, SQLite",
        "stored, SQLite",
        "stored, PostgreSQL",
        "session, SQLite",
        "session, PostgreSQL",
        "checkout, PostgreSQL, 1 deal",
        "checkout, PostgreSQL, 100 deals",
        "checkout, SQLite, 1 deal",
        "checkout, SQLite, 100 deals",
        "room, PostgreSQL",
        "report, PostgreSQL",
        "room, SQLite",
        "report, SQLite",
    }
    for ours, baseline, ratio, _spread, goal, judgement in rows.values():
        assert _number(ours) > 0
        assert _number(baseline) > 0
        assert judgement == ("over" if _number(ratio) > _number(goal) else "ok")
    assert "24 offers in" in notes
    assert "0 queries a view" in notes
    assert "with ES256" in notes
    assert notes.count("100,000 orders against 1,000; ") == 2
    # Of PostgreSQL and SQLite: two recorded, the two bursts of each side, and the whole one.
    assert (
        re.findall(r"; (\d+) oversells in (\d+) orders\.", notes)
        == [("0", "102"), ("0", "202")] * 2
    )


def test_both_are_called_equally_often_and_in_turn() -> None:
    calls: list[str] = []
    times = compare(
        lambda: calls.append("ours"), lambda: calls.append("baseline"), rounds=1, calls=2
    )
    assert calls == ["ours"] * 2 + ["baseline"] * 4 + ["ours"] * 2
    assert len(times.ratios) == 1


def test_no_round_begins_after_the_time_is_up_but_one_counts() -> None:
    times = in_turn(lambda: 2.0, lambda: 1.0, rounds=1000, seconds=0)
    assert times.ratios == [2.0]


def test_what_differs_between_two_recordings_is_filled_in() -> None:
    def recording(shopper: str, key: int) -> Recording:
        first, second = ("INSERT a", ("EUR", shopper)), ("INSERT b", (shopper, key))
        return Recording([first, second], {"shopper": shopper, "order": key})

    replay = Replay(recording("ada", 1), recording("eve", 2), key="order", source="INSERT a")
    bare = Bare()
    replay.call(bare, {"shopper": "bob"})()
    assert bare.sent == [("INSERT a", ("EUR", "bob")), ("INSERT b", ("bob", 7)), "commit"]


def test_what_nobody_can_name_is_not_replayed() -> None:
    one, other = Recording([("INSERT a", [1])], {}), Recording([("INSERT a", [2])], {})
    with pytest.raises(AssertionError, match="nobody knows"):
        Replay(one, other, key="order", source="INSERT a")


def test_workers_begin_together_and_say_how_long_each_call_took() -> None:
    def jobs() -> dict[str, Job]:
        return {"nothing": lambda calls: [lambda: None] * calls}

    with Workers(2, jobs) as workers:
        burst = workers.burst("nothing", 3)
    assert len(burst.waits) == 6
    assert burst.seconds_per_call > 0


class Bare:
    """A connection that notes what it is sent, and gives every row the same key."""

    description = ("id",)

    def __init__(self) -> None:
        self.sent: list[object] = []

    def cursor(self) -> "Bare":
        return self

    def execute(self, sql: str, parameters: tuple[object, ...]) -> None:
        self.sent.append((sql, parameters))

    def fetchall(self) -> list[tuple[int]]:
        return [(7,)]

    def commit(self) -> None:
        self.sent.append("commit")


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    times = Comparison(ours_by_round=(1.0, 9.0, 4.0), baseline_by_round=(1.0, 3.0, 2.0))
    assert times.ratio == 2.0
    assert not RowRecord.of("a", Row("even", times, goal=2.0)).is_over
    assert RowRecord.of("a", Row("above", times, goal=1.9)).is_over


def test_the_spread_is_where_half_of_the_rounds_were() -> None:
    rounds = (1.0, 2.0, 3.0, 4.0, 99.0)
    assert Comparison(ours_by_round=rounds, baseline_by_round=(1.0,) * 5).spread == (2.0, 4.0)
    assert Comparison(ours_by_round=(2.0,), baseline_by_round=(1.0,)).spread == (2.0, 2.0)


def test_figures_stand_below_each_other() -> None:
    assert table([("", "ours"), ("mint", "9.0 µs")]) == "        ours\nmint  9.0 µs"


def _cells(line: str) -> list[str]:
    return re.split(r"\s{2,}", line)


def _number(cell: str) -> float:
    return float(cell.removesuffix(" µs").replace(",", ""))
