"""The figures of a run are written to a file, and a later run is compared with them."""

import re
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS, read_arguments, results
from benchmarks.compared_runs import changes
from benchmarks.measure import Comparison, Row
from benchmarks.run_records import NotARun, RowRecord, RunRecord, circumstances


def record(name: str, *ratios: float, benchmark: str = "mint") -> RowRecord:
    """A row with a baseline of one second a call."""
    times = Comparison(ratios, (1.0,) * len(ratios))
    return RowRecord.of(benchmark, Row(name, times, goal=2, notes=("one", "two")))


def run_of(*rows: RowRecord) -> RunRecord:
    return RunRecord(circumstances(), list(rows))


def lines_of(before: RunRecord, now: RunRecord) -> dict[str, list[str]]:
    """The table's rows by name, as their other cells."""
    _, _, table = changes(before, now).partition("\n\n")
    cells = (re.split(r"\s{2,}", line) for line in table.splitlines()[1:])
    return {name: others for name, *others in cells}


def test_a_run_that_was_written_is_read_as_it_was(tmp_path: Path) -> None:
    run = run_of(record("mint", 1.0, 2.0), record("page", 3.0))
    file = tmp_path / "run.json"
    file.write_text(run.to_json())
    assert RunRecord.read(file) == run


def test_a_run_says_of_what_and_where_it_is() -> None:
    of = circumstances()
    assert of["commit"] is None or re.fullmatch(r"[0-9a-f]{7,}\+?", of["commit"])
    assert re.match(r"\d+ × .+, \w+", of["machine"])
    assert of["versions"].keys() >= {"python", "django", "sqlite", "psycopg"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"of": {}, "rows": [{"name": "mint"}]}'])
def test_a_file_without_a_run_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(text)
    with pytest.raises(NotARun, match=r"other\.json has no figures of a run in it"):
        RunRecord.read(file)


def test_a_ratio_outside_the_earlier_spread_is_faster_or_slower() -> None:
    before = run_of(record("mint", 1.3, 1.4, 1.5), record("page", 6.0, 6.1))
    now = run_of(record("mint", 0.2, 0.3, 0.4), record("page", 7.0, 7.1))
    rows = lines_of(before, now)
    assert rows["mint"] == ["1.40", "1.35–1.45", "0.30", "0.25–0.35", "-79 %", "faster"]
    assert rows["page"][-2:] == ["+17 %", "slower"]


def test_two_ratios_whose_spreads_meet_are_taken_for_equal() -> None:
    rows = lines_of(run_of(record("mint", 1.0, 2.0, 3.0)), run_of(record("mint", 2.0, 3.0, 4.0)))
    assert rows["mint"][-1] == "within the spread"


def test_rows_of_one_run_alone_are_new_or_gone() -> None:
    before = run_of(record("old", 1.0), record("other", 1.0, benchmark="page"))
    rows = lines_of(before, run_of(record("young", 1.0)))
    assert rows["young"][-1] == "new"
    assert rows["old"][-1] == "gone"
    assert "other" not in rows


def test_notes_stand_below_the_table() -> None:
    table, _, notes = results([record("mint", 1.0)]).split("\n\n")
    assert re.split(r"\s{2,}", table.splitlines()[1])[-3:] == ["1.00–1.00", "2", "ok"]
    assert notes == "mint: one; two."


def test_several_benchmarks_run_by_name_and_all_without_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "page", "mint"])
    assert read_arguments().names == ["page", "mint"]
    monkeypatch.setattr(sys, "argv", ["benchmarks"])
    assert read_arguments().names == BENCHMARKS


def test_a_name_that_no_benchmark_has_is_refused_with_those_that_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "pgae"])
    with pytest.raises(SystemExit):
        read_arguments()
    assert f"No benchmark is called pgae: {', '.join(BENCHMARKS)}" in capsys.readouterr().err
