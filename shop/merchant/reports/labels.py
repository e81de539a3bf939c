"""What the shop's codes are to a merchant: reasons of refusal, and what orders wait for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from offers.verdicts import Verdict
from shop.orders.models import Order

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

UNDER_WAY = {
    Order.Status.PENDING: "Wait for a card",
    Order.Status.REQUIRES_ACTION: "Wait for an answer to the bank's question",
    Order.Status.PROCESSING: "On their way at the bank",
}

NOT_PAID = {
    Order.Status.EXPIRED: "Not paid in time",
    Order.Status.CANCELED: "Canceled",
    Order.Status.FAILED: "The payment failed",
}

#: Units of time and their seconds, the largest first.
UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


@dataclass(frozen=True, slots=True)
class Refused:
    """Why offers were refused, and how often."""

    verdict: str
    text: str
    count: int


def refused(counts: Mapping[str, int]) -> list[Refused]:
    """Refusals by verdict, with their words."""
    return [Refused(verdict, REFUSED[Verdict(verdict)], count) for verdict, count in counts.items()]


def duration(span: timedelta) -> str:
    """How long something takes, by its two largest units: "7 minutes 12 seconds"."""
    rest = max(0, span // timedelta(seconds=1))
    parts: list[str] = []
    for unit, size in UNITS:
        number, below = divmod(rest, size)
        if (number and len(parts) < 2) or (unit == "second" and not parts):
            parts.append(f"{number} {unit}{'' if number == 1 else 's'}")
            rest = below
        elif parts:
            break
    return " ".join(parts)


def short_duration(span: timedelta) -> str:
    """The same for the axis of a chart: "90 s", "30 min", "4 h"."""
    seconds = span // timedelta(seconds=1)
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def several(count: int, noun: str) -> str:
    """A count and what is counted: "1 unit", "24 units"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
