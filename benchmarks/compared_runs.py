"""What has changed between two runs, row by row.

Ratios are compared, as each has its baseline from the same run: a machine that was slower
meanwhile has changed neither. Two ratios whose spreads meet are taken for equal.
"""

from benchmarks.run_records import RowRecord, RunRecord
from benchmarks.tables import in_ratios, table


def changes(before: RunRecord, now: RunRecord) -> str:
    """A table of both, for the benchmarks that ran now."""
    lines: list[tuple[str, ...]] = [("", "before", "spread", "now", "spread", "change", "")]
    earlier = {row.name: row for row in before.rows}
    for row in now.rows:
        old = earlier.pop(row.name, None)
        lines.append(_compared(old, row) if old else (row.name, "", "", *_figures(row), "", "new"))
    ran = {row.benchmark for row in now.rows}
    lines += [
        (row.name, *_figures(row), "", "", "", "gone")
        for row in earlier.values()
        if row.benchmark in ran
    ]
    return f"Before is {named(before)}; now is {named(now)}.\n\n{table(lines)}"


def named(run: RunRecord) -> str:
    """Commit, time and machine of a run."""
    return f"{run.of['commit'] or 'no commit'} of {run.of['at']} on {run.of['machine']}"


def _compared(old: RowRecord, new: RowRecord) -> tuple[str, ...]:
    change = f"{(new.ratio / old.ratio - 1) * 100:+.0f} %"
    return (new.name, *_figures(old), *_figures(new), change, _judgement(old, new))


def _figures(row: RowRecord) -> tuple[str, str]:
    return f"{row.ratio:.2f}", in_ratios(row.spread)


def _judgement(old: RowRecord, new: RowRecord) -> str:
    (old_low, old_high), (new_low, new_high) = old.spread, new.spread
    if new_low <= old_high and old_low <= new_high:
        return "within the spread"
    return "faster" if new.ratio < old.ratio else "slower"
