"""A planted bug: a change of the source that makes the shop do something wrong, and its finders."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Unreached(StrEnum):
    """Why a rehearsal cannot see a bug, by its nature."""

    FORGERY = "Its shoppers forge nothing, and use no offer or link of somebody else's."
    ONE_SERVER = "It is one server with one clock, and its database always answers."
    STRIPE = "Its stand-in for Stripe tells it each thing once, in order and in time."
    MAIL = "Its mail goes nowhere."
    BACK_OFFICE = "It does not open the back office: forms, reports, files."
    CACHES = "It reads what pages say to people, and no headers that are for caches."
    KEYS = "Its keys are its own, and nobody rotates them."
    BACKUPS = "It restores no backup."
    NETWORKS = "Each of its shoppers comes from a network of their own."
    CROWDS = "Its few shoppers come one after the other, and send whole requests."


@dataclass(frozen=True, kw_only=True, eq=False)
class PlantedBug:
    """One wrong place in the source: ``wrong`` stands there in place of ``right``.

    The few that should find it: ``tests`` are node ids below ``tests/``, ``scenarios`` are
    ``file.feature::title`` of ``tests/scenarios``, ``rehearsed`` is a sale of ``small_sales``
    and the scenario of its rehearsal; or ``unreached`` says why no rehearsal can.
    """

    name: str
    file: str
    right: str
    wrong: str
    tests: Sequence[str]
    scenarios: Sequence[str] = ()
    rehearsed: tuple[str, str] | None = None
    unreached: Unreached | None = None

    @property
    def node_ids(self) -> list[str]:
        """The tests and scenarios, as pytest names them."""
        scenarios = (f"scenarios/{each}" for each in self.scenarios)
        return [f"tests/{each}" for each in (*self.tests, *scenarios)]

    def planted_in(self, source: str) -> str:
        """The source with the bug in it.

        :raises ValueError: the right text does not stand there exactly once
        """
        count = source.count(self.right)
        if count != 1:
            raise ValueError(f"{self.file} has the text of “{self.name}” {count} times, not once.")
        return source.replace(self.right, self.wrong)

    def check(self, root: Path) -> None:
        """:raises ValueError: its text is not in the source once, or what should find it is not"""
        self.planted_in((root / self.file).read_text())
        if (self.rehearsed is None) is (self.unreached is None):
            raise ValueError(f"“{self.name}” is either rehearsed or out of a rehearsal's reach.")
        for test in self.node_ids:
            path, _, name = test.partition("::")
            place = f": {name}\n" if path.endswith(".feature") else f"def {name}("
            if not name or place not in (root / path).read_text():
                raise ValueError(f"“{self.name}” names a test that does not exist: {test}.")
