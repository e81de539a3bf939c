"""The kept corpus: small files, each named by the one trait that it is kept for.

``corpus/<target>/read/<trait>`` has to be read, ``corpus/<target>/refused/<trait>`` refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.target import Outcome

FOLDER = Path(__file__).parent / "corpus"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the corpus."""

    path: Path
    outcome: Outcome

    @property
    def data(self) -> bytes:
        return self.path.read_bytes()


def entries(target: str) -> Iterator[Entry]:
    """The files kept for a target."""
    for outcome in Outcome:
        for path in sorted((FOLDER / target / outcome).glob("*")):
            yield Entry(path, outcome)


def folders(target: str) -> list[Path]:
    """The folders of a target's files."""
    return [path for outcome in Outcome if (path := FOLDER / target / outcome).is_dir()]
