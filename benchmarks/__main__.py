"""Run the benchmarks and print their table: ``python -m benchmarks [ONLY] [--rounds N]``."""

import argparse
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.shop import prepared

BENCHMARKS = ("mint", "page", "stored_offers", "checkout", "live_room")
HEADINGS = ("", "ours", "baseline", "ratio", "goal", "")


def main() -> int:
    """The whole run. Its exit status says nothing of the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("only", nargs="?", choices=BENCHMARKS, help="this one alone")
    parser.add_argument("--rounds", type=int, default=31, help="more take longer and waver less")
    arguments = parser.parse_args()
    names = [arguments.only] if arguments.only else BENCHMARKS
    lines: list[tuple[str, ...]] = [HEADINGS]
    notes: list[tuple[str, ...]] = []
    with TemporaryDirectory(prefix="flashfreeze-benchmarks-") as folder, prepared(Path(folder)):
        for name in names:
            for row in import_module(f"benchmarks.{name}").run(arguments.rounds):
                times = row.times
                lines.append(
                    (
                        row.name,
                        in_microseconds(times.ours),
                        in_microseconds(times.baseline),
                        f"{times.ratio:.2f}",
                        f"{row.goal:g}",
                        "over" if row.is_over else "ok",
                    )
                )
                spread = f"ratios of the rounds {min(times.ratios):.2f} to {max(times.ratios):.2f}"
                notes.append((row.name, *row.notes, spread))
    print(table(lines))
    print()
    for name, *said in notes:
        print(f"{name}: {'; '.join(said)}.")
    return 0


def in_microseconds(seconds: float) -> str:
    """Such as "1,234.5 µs"."""
    return f"{seconds * 1e6:,.1f} µs"


def table(lines: list[tuple[str, ...]]) -> str:
    """The lines with their columns aligned: names to the left, figures to the right."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


if __name__ == "__main__":
    sys.exit(main())
