"""The instants at which something about a sale changes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shop.sales import models
from shop.sales.hold_end import holds_of
from shop.sales.term_history import last_issue

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Boundary:
    """One instant of a sale, and what happens then: "Autumn closes"."""

    at: datetime
    text: str
    zone: ZoneInfo


def boundaries_of(sale: models.Sale) -> tuple[Boundary, ...]:
    """Opening, closing, and the ends of the holds, each with the second before it."""
    title, zone = sale.title, sale.zone
    planned = last_issue(sale.ends_at) + sale.hold
    last = holds_of(sale).end(to_the_second=True)
    is_shorter = sale.starts_at < last < planned
    events = [
        (sale.starts_at, f"{title} opens"),
        (sale.ends_at, f"{title} closes"),
        (last if is_shorter else planned, f"the last price of {title} runs out"),
    ]
    if last > planned:
        events.append((last, f"the last price of {title} that is held longer runs out"))
    return tuple(
        Boundary(at, text, zone)
        for instant, event in events
        for at, text in (
            (instant - _SECOND, f"One second before {event}"),
            (instant, event[0].upper() + event[1:]),
        )
    )
