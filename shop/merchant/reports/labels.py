"""Reasons of refusal, in words for the merchant."""

from collections.abc import Mapping
from dataclasses import dataclass

from offers.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Refused:
    """Why offers were refused, and how often."""

    verdict: str
    text: str
    count: int


def refused(counts: Mapping[str, int]) -> list[Refused]:
    """Refusals by verdict, with their words."""
    return [Refused(verdict, Verdict(verdict).label, count) for verdict, count in counts.items()]
