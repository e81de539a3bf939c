"""When the last hold of a sale ends, extensions and recalls counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from offers.anchors import Extension
from shop.sales import models
from shop.sales.holds import voids_all


@dataclass(frozen=True, slots=True)
class SaleRecall:
    """A recall of a whole sale: offers issued before an instant are void from ``made_at`` on."""

    issued_before: datetime
    made_at: datetime

    @classmethod
    def of(cls, issued_before: datetime | None, made_at: datetime) -> Self:
        """The recall that a row records."""
        if issued_before is None or voids_all(issued_before, made_at):
            return cls(made_at, made_at)
        return cls(issued_before, made_at)


def last_hold_end(
    *,
    opens_at: datetime,
    closes_at: datetime,
    hold: timedelta,
    extensions: Iterable[Extension | models.Extension],
    recalls: Iterable[SaleRecall] = (),
) -> datetime:
    """The instant from which no offer issued in ``[opens_at, closes_at)`` is honored.

    The later an offer was issued, the later its hold ends, but for the extensions
    and recalls that it came too late for: so the last offers before each of those count.
    """
    extensions, recalls = tuple(extensions), tuple(recalls)
    # An offer says when it was issued in whole seconds, rounded down.
    first = opens_at.replace(microsecond=0)
    bounds = {each.issued_before for each in (*extensions, *recalls)}
    ends = []
    for issued in {closes_at, *(each for each in bounds if first < each < closes_at)}:
        more = sum(each.seconds for each in extensions if each.issued_before >= issued)
        void = (each.made_at for each in recalls if each.issued_before >= issued)
        ends.append(min([issued + hold + timedelta(seconds=more), *void]))
    return max(ends)


def closes_at(sale: models.Sale) -> datetime:
    """When a sale makes its last offer: at its close, or when it was taken down before that."""
    if sale.state == models.Sale.State.PUBLISHED:
        return sale.ends_at
    taken_down = sale.changes.filter(field="state").order_by("-pk").first()
    return min(sale.ends_at, taken_down.made_at) if taken_down else sale.ends_at


def last_hold_ends_at(sale: models.Sale) -> datetime:
    """When the last hold of a sale ends, as its rows say it; prefetch extensions and recalls."""
    return last_hold_end(
        opens_at=sale.starts_at,
        closes_at=closes_at(sale),
        hold=sale.hold,
        extensions=sale.extensions.all(),
        recalls=(
            SaleRecall.of(each.issued_before, each.made_at)
            for each in sale.recalls.all()
            if each.deal_id is None
        ),
    )
