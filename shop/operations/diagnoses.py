"""What ``doctor`` finds: a sentence each, how grave it is, and the way out."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Whether the shop can serve all the same."""

    IN_THE_WAY = "in the way"
    ATTENTION = "attention"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that an operator has to know, in a sentence, with the way out in another."""

    text: str
    way_out: str = ""
    severity: Severity = Severity.ATTENTION

    @property
    def line(self) -> str:
        """All of it in one line."""
        words = f"{self.text} {self.way_out}".split()
        return f"{self.severity:<10}  {' '.join(words)}"


def in_the_way(text: str, way_out: str = "") -> Diagnosis:
    """A diagnosis that keeps the shop from serving."""
    return Diagnosis(text, way_out, Severity.IN_THE_WAY)


def can_serve(diagnoses: Sequence[Diagnosis]) -> bool:
    """Whether none of them stands in the way of serving."""
    return all(each.severity is not Severity.IN_THE_WAY for each in diagnoses)


def as_text(diagnoses: Sequence[Diagnosis]) -> str:
    """A line each, what is in the way first, and a closing line."""
    lines = [each.line for each in _grave_first(diagnoses)]
    closing = "Nothing stands in the way of serving." if can_serve(diagnoses) else ""
    return "\n".join([*lines, *([closing] if closing else [])])


def as_json(diagnoses: Sequence[Diagnosis]) -> str:
    """The same for programs."""
    return json.dumps(
        {
            "can_serve": can_serve(diagnoses),
            "diagnoses": [
                {"severity": each.severity, "text": each.text, "way_out": each.way_out}
                for each in _grave_first(diagnoses)
            ],
        },
        indent=2,
    )


def _grave_first(diagnoses: Sequence[Diagnosis]) -> list[Diagnosis]:
    return sorted(diagnoses, key=lambda each: each.severity is not Severity.IN_THE_WAY)
