"""Run the benchmarks and print their table: ``python -m benchmarks [NAME …] [--json FILE]``."""

import argparse
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.compared_runs import changes
from benchmarks.measure import WALL, Row
from benchmarks.run_records import NotARun, RowRecord, RunRecord, circumstances
from benchmarks.shop import prepared
from benchmarks.tables import in_microseconds, in_ratios, table

BENCHMARKS = (
    "mint",
    "verify",
    "hello",
    "page",
    "home",
    "refresh",
    "bag",
    "stored_offers",
    "checkout",
    "live_room",
)
#: These run only where they are named: they take minutes.
ON_REQUEST = ("http", "outstanding")


def main() -> int:
    """The whole run. Its exit status says nothing of the figures."""
    arguments = read_arguments()
    with TemporaryDirectory(prefix="flashfreeze-benchmarks-") as folder, prepared(Path(folder)):
        run = RunRecord(circumstances(), list(records(arguments.names, arguments.rounds)))
    print(results(run.rows))
    if arguments.compare:
        print()
        print(changes(arguments.compare, run))
    if arguments.json:
        arguments.json.write_text(run.to_json())
    return 0


def read_arguments() -> argparse.Namespace:
    """What the command line says, with the earlier run already read.

    :raises SystemExit: it cannot be understood
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    known = (*BENCHMARKS, *ON_REQUEST)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(known)}")
    parser.add_argument("--rounds", type=int, default=31, help="more take longer and waver less")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="an earlier run's figures")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(known):
        parser.error(f"No benchmark is called {', '.join(sorted(unknown))}: {', '.join(known)}.")
    arguments.names = arguments.names or BENCHMARKS
    try:
        arguments.compare = arguments.compare and RunRecord.read(arguments.compare)
    except (OSError, NotARun) as error:
        parser.error(f"--compare: {error}")
    return arguments


def records(names: list[str], rounds: int) -> Iterator[RowRecord]:
    """The rows of some benchmarks; standard error says how long each benchmark took."""
    for name in names:
        start = WALL()
        rows: list[Row] = import_module(f"benchmarks.{name}").run(rounds)
        print(f"{name} took {WALL() - start:.1f} s.", file=sys.stderr)
        for row in rows:
            yield RowRecord.of(name, row)


def results(rows: list[RowRecord]) -> str:
    """The table of a run, and below it what each row notes."""
    lines: list[tuple[str, ...]] = [("", "ours", "baseline", "ratio", "spread", "goal", "")]
    lines += [
        (
            row.name,
            in_microseconds(row.ours),
            in_microseconds(row.baseline),
            f"{row.ratio:.2f}",
            in_ratios(row.spread),
            f"{row.goal:g}",
            "over" if row.is_over else "ok",
        )
        for row in rows
    ]
    notes = [f"{row.name}: {'; '.join(row.notes)}." for row in rows if row.notes]
    explained = "Spread: half of all rounds had a ratio between these."
    return "\n\n".join((table(lines), explained, "\n".join(notes)))


if __name__ == "__main__":
    sys.exit(main())
