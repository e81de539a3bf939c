"""The instants at which something about a sale changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from offers.anchors import Extension
from shop.sales import models
from shop.sales.hold_end import last_hold_end

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Boundary:
    """One instant of a sale, and what happens then: "Autumn closes"."""

    at: datetime
    text: str
    zone: ZoneInfo


def boundaries_of(
    sale: models.Sale, extensions: Iterable[models.Extension]
) -> tuple[Boundary, ...]:
    """Opening, closing, and the ends of the holds, each with the second before it."""
    title, zone = sale.title, sale.zone
    holds_end = _last_issue(sale.ends_at) + sale.hold
    events = [
        (sale.starts_at, f"{title} opens"),
        (sale.ends_at, f"{title} closes"),
        (holds_end, f"the last price of {title} runs out"),
    ]
    # To the second, as offers say when they were issued.
    extended = last_hold_end(
        opens_at=sale.starts_at,
        closes_at=_last_issue(sale.ends_at),
        hold=sale.hold,
        extensions=[Extension(_last_issue(e.issued_before), e.seconds) for e in extensions],
    )
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
