"""Reasons of refusal, in words for the merchant."""

from collections.abc import Mapping
from dataclasses import dataclass

from offers.verdicts import Verdict

REFUSED = {
    Verdict.EXPIRED: "The time the price was held for was over",
    Verdict.NOT_YET_VALID: "The price did not apply yet: a server's clock runs ahead",
    Verdict.RECALLED: "You had taken the price back",
    Verdict.NOT_YOURS: "The price was given to another browser",
    Verdict.USED: "The price was used for an order already",
    Verdict.OVER_LIMIT: "More units than one shopper may have",
    Verdict.SOLD_OUT: "Not enough left",
    Verdict.UNKNOWN_KEY: "Not signed by a key of this shop",
    Verdict.FORGED: "Not readable",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """Why offers were refused, and how often."""

    verdict: str
    text: str
    count: int


def refused(counts: Mapping[str, int]) -> list[Refused]:
    """Refusals by verdict, with their words."""
    return [Refused(verdict, REFUSED[Verdict(verdict)], count) for verdict, count in counts.items()]
