"""Who finds a planted bug: the fast tests, the scenarios in plain words, a rehearsal."""

import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from tests.planted_bugs.bug import PlantedBug
from tests.planted_bugs.small_sales import SETTINGS
from tests.planted_bugs.source_copy import SourceCopy

#: Nothing hangs for longer; on a quiet machine, all tests at once take two minutes.
MOST_SECONDS = 900
_FAILED, _BROKEN_PROMISE = 1, 1


class NotRun(Exception):
    """A finder came to no result: a test that cannot be collected, a rehearsal that broke down."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Who found a bug; None where it was not asked, or cannot see it."""

    tests: bool
    scenarios: bool | None
    rehearsal: bool | None
    seconds: float

    @property
    def is_survivor(self) -> bool:
        """Whether nobody found it: it must not happen."""
        return not (self.tests or self.scenarios or self.rehearsal)


def find(bug: PlantedBug, copy: SourceCopy) -> Finding:
    """Plant a bug, and ask its finders.

    :raises NotRun: one of them came to no result
    """
    began = time.monotonic()
    with copy.planted(bug):
        failed = failures(bug.node_ids, copy)
        rehearsal = is_broken(*bug.rehearsed, copy) if bug.rehearsed else None
    of_scenarios = {each for each in failed if ".feature" in each}
    return Finding(
        tests=bool(failed - of_scenarios),
        scenarios=bool(of_scenarios) if bug.scenarios else None,
        rehearsal=rehearsal,
        seconds=time.monotonic() - began,
    )


def failures(node_ids: Collection[str], copy: SourceCopy) -> set[str]:
    """Those of the tests and scenarios that fail, by module and name.

    :raises NotRun: pytest could not run them
    """
    report = copy.var / "failures.xml"
    options = ("-q", "--tb=line", "--show-capture=no", f"--junitxml={report}")
    status, said = _run(["-m", "pytest", *options, *dict.fromkeys(node_ids)], copy)
    if status not in {0, _FAILED}:
        raise NotRun(f"pytest ended with {status}:\n{said[-2000:]}")
    cases = ElementTree.parse(report).iter("testcase")
    return {
        f"{case.get('classname')}::{case.get('name')}"
        for case in cases
        if case.find("failure") is not None or case.find("error") is not None
    }


def is_broken(sale: str, scenario: str, copy: SourceCopy) -> bool:
    """Whether a scenario of a small sale's rehearsal has broken promises.

    :raises NotRun: it came to no result
    """
    for database in copy.var.glob("shop.sqlite3*"):
        database.unlink()
    command = ["-m", "tests.planted_bugs.rehearsing", sale, scenario]
    status, said = _run(command, copy, SETTINGS.get(sale, {}))
    if status not in {0, _BROKEN_PROMISE}:
        raise NotRun(f"The rehearsal ended with {status}:\n{said[-2000:]}")
    return status == _BROKEN_PROMISE


def _run(
    arguments: list[str], copy: SourceCopy, settings: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run Python in the copy; its exit status and what it said.

    :raises NotRun: it does not end
    """
    try:
        ended = subprocess.run(
            [sys.executable, *arguments],
            cwd=copy.root,
            env={**copy.environment, **(settings or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=MOST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotRun(f"No end after {MOST_SECONDS} s: {' '.join(arguments)}") from None
    return ended.returncode, ended.stdout
