"""Runs all planted bugs, two at a time, and holds the table in the documentation to the result."""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory

from tests.planted_bugs import table
from tests.planted_bugs.bug import ROOT, PlantedBug
from tests.planted_bugs.catalogue import BUGS
from tests.planted_bugs.finders import Finding, NotRun, failures, find, is_broken
from tests.planted_bugs.source_copy import SourceCopy

_MARKS = {True: "✓", False: "–", None: " "}


class Copies:
    """Copies of the source, one for each worker."""

    def __init__(self, folder: Path, count: int) -> None:
        self._free: Queue[SourceCopy] = Queue()
        for place in range(count):
            self._free.put(SourceCopy.make(folder / str(place)))

    @contextmanager
    def one(self) -> Iterator[SourceCopy]:
        """A copy that nobody else uses meanwhile."""
        copy = self._free.get()
        try:
            yield copy
        finally:
            self._free.put(copy)


def main() -> int:
    """Run what the command line asks for; 1 if a bug survives, or the table is not as it says."""
    parser = argparse.ArgumentParser(prog="planted-bugs", description=__doc__)
    parser.add_argument("words", nargs="*", help="only bugs with one of these in name or file")
    parser.add_argument("--write", action="store_true", help="write the table")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    bugs = [bug for bug in BUGS if _is_wanted(bug, options.words)]
    began = time.monotonic()
    with TemporaryDirectory(prefix="planted-bugs-") as folder:
        copies = Copies(Path(folder), options.workers)
        with ThreadPoolExecutor(options.workers) as workers:
            problems = _problems_without_bugs(bugs, copies, workers)
            findings = {} if problems else _findings(bugs, copies, workers, problems)
    problems += [f"Nobody finds this: {bug.name}." for bug in findings if findings[bug].is_survivor]
    problems += _problems_of_table(findings, is_written=options.write)
    for line in [*_missed(findings), *problems]:
        print(line)
    print(f"{len(findings)} passed, {len(problems)} failed in {time.monotonic() - began:.1f} s")
    return 1 if problems else 0


def _is_wanted(bug: PlantedBug, words: Sequence[str]) -> bool:
    return not words or any(word.lower() in f"{bug.name} {bug.file}".lower() for word in words)


def _problems_without_bugs(
    bugs: Sequence[PlantedBug], copies: Copies, workers: ThreadPoolExecutor
) -> list[str]:
    """Why a finding would mean nothing: the table is wrong, or something fails without a bug."""
    try:
        for bug in bugs:
            bug.check(ROOT)
    except ValueError as problem:
        return [str(problem)]
    tests = [test for bug in bugs for test in bug.node_ids]
    rehearsals = dict.fromkeys(bug.rehearsed for bug in bugs if bug.rehearsed)

    def failing(copy: SourceCopy) -> list[str]:
        return [f"It fails without a bug: {name}" for name in failures(tests, copy)]

    def breaking(sale: str, scenario: str) -> Callable[[SourceCopy], list[str]]:
        return lambda copy: (
            [f"A rehearsal finds something without a bug: {sale}, {scenario}"]
            if is_broken(sale, scenario, copy)
            else []
        )

    checks = [failing, *(breaking(*each) for each in rehearsals)]
    return [
        problem for each in workers.map(lambda c: _checked(c, copies), checks) for problem in each
    ]


def _checked(check: Callable[[SourceCopy], list[str]], copies: Copies) -> list[str]:
    try:
        with copies.one() as copy:
            return check(copy)
    except NotRun as problem:
        return [str(problem)]


def _findings(
    bugs: Sequence[PlantedBug], copies: Copies, workers: ThreadPoolExecutor, problems: list[str]
) -> dict[PlantedBug, Finding]:
    """Who finds each bug; what cannot be run becomes a problem."""

    def findings_of(bug: PlantedBug) -> Finding | None:
        try:
            with copies.one() as copy:
                found = find(bug, copy)
        except NotRun as problem:
            problems.append(f"{bug.name}: {problem}")
            return None
        marks = "".join(_MARKS[each] for each in (found.tests, found.scenarios, found.rehearsal))
        print(f"{marks} {found.seconds:5.1f} s  {bug.name}", flush=True)
        return found

    print("tests, scenarios, rehearsal")
    found = dict(zip(bugs, workers.map(findings_of, bugs), strict=True))
    return {bug: each for bug, each in found.items() if each is not None}


def _missed(findings: Mapping[PlantedBug, Finding]) -> Iterator[str]:
    """What each finder that was asked has missed, a line a bug."""
    for bug, found in findings.items():
        finders = {"tests": found.tests, "scenarios": found.scenarios, "rehearsal": found.rehearsal}
        if missed := [name for name, has_found in finders.items() if has_found is False]:
            yield f"Missed by {' and '.join(missed)}: {bug.name}"


def _problems_of_table(findings: Mapping[PlantedBug, Finding], *, is_written: bool) -> list[str]:
    """Write the rows of these bugs, or compare them with the page; rows of others stay."""
    before = table.rows_written()
    after = before | {bug.name: table.row_of(bug, found) for bug, found in findings.items()}
    if is_written:
        table.write(table.table_of(BUGS, after))
    elif findings and after != before:
        return [f"The table in docs/{table.PAGE.name} says otherwise: bin/planted-bugs --write"]
    return []
