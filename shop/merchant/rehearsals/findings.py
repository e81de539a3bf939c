"""What a rehearsal found, as its page tells it: what was tried, and what came of it.

Read from the document that ``manage.py rehearse --json`` writes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ScenarioFindings:
    """One way in which the sale may go; ``broken`` has a sentence for each promise not kept."""

    title: str
    text: str
    broken: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RehearsalFindings:
    """All of it."""

    is_kept: bool
    scenes: tuple[ScenarioFindings, ...]
    notes: tuple[str, ...]
    presented: int
    paid: int
    pages: int
    seconds: str
    deals_walked: int
    deals_in_all: int
    was_draft: bool

    @property
    def broken(self) -> int:
        """How many promises were not kept."""
        return sum(len(scene.broken) for scene in self.scenes)


def read_findings(found: Mapping[str, Any]) -> RehearsalFindings:
    """The findings in a document."""
    counts = found["counts"]
    return RehearsalFindings(
        is_kept=found["kept"],
        scenes=tuple(_scenes(found)),
        notes=tuple(found["notes"]),
        presented=counts.get("presented", 0),
        paid=counts.get("paid", 0),
        pages=counts.get("pages", 0),
        seconds=f"{found['seconds']:.0f}",
        deals_walked=len(found["parts"]),
        deals_in_all=found["deals_in_all"],
        was_draft=found["was_draft"],
    )


def _scenes(found: Mapping[str, Any]) -> Iterator[ScenarioFindings]:
    """Each with its own sentences, which begin with its title; the first has those of no other."""
    own: dict[str, list[str]] = {scene["title"]: [] for scene in found["scenes"]}
    first = found["scenes"][0]["title"]
    for sentence in found["breaches"]:
        title = next((each for each in own if sentence.startswith(f"{each}: ")), first)
        own[title].append(sentence.removeprefix(f"{title}: "))
    for scene in found["scenes"]:
        yield ScenarioFindings(scene["title"], scene["text"], tuple(own[scene["title"]]))
