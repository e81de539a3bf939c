"""The instants at which something about a sale changes: where one stands to see it happen."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from shop.sales.models import Extension, Sale

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Boundary:
    """One instant of a sale, and what happens then: "Autumn closes"."""

    at: datetime
    text: str
    zone: ZoneInfo


def boundaries_of(sale: Sale, extensions: Iterable[Extension]) -> tuple[Boundary, ...]:
    """Opening, closing, and the ends of the holds, each with the second before it."""
    title, zone = sale.title, sale.zone
    holds_end = _last_issue(sale.ends_at) + sale.hold
    events = [
        (sale.starts_at, f"{title} opens"),
        (sale.ends_at, f"{title} closes"),
        (holds_end, f"the last price of {title} runs out"),
    ]
    extended = _extended_end(sale, tuple(extensions))
    if extended > holds_end:
        events.append((extended, f"the last extended price of {title} runs out"))
    return tuple(
        Boundary(at, text, zone)
        for instant, event in events
        for at, text in (
            (instant - _SECOND, f"One second before {event}"),
            (instant, event[0].upper() + event[1:]),
        )
    )


def _last_issue(before: datetime) -> datetime:
    """The ``iat`` of an offer that is minted as late as can be before an instant: whole seconds."""
    whole = before.astimezone(UTC).replace(microsecond=0)
    return whole if whole < before else whole - _SECOND


def _extended_end(sale: Sale, extensions: tuple[Extension, ...]) -> datetime:
    """When the last offer runs out. The later it was made, the fewer extensions it has."""
    last = _last_issue(sale.ends_at)
    issues = {last, *(_last_issue(each.issued_before) for each in extensions)}
    return max(
        issued
        + sale.hold
        + sum(
            (timedelta(seconds=each.seconds) for each in extensions if issued < each.issued_before),
            timedelta(),
        )
        for issued in issues
        if sale.starts_at.replace(microsecond=0) <= issued <= last
    )
