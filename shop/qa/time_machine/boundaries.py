"""The boundaries of all sales, to which the clock can be moved."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from shop.sales.boundaries import Boundary, boundaries_of
from shop.sales.hold_end import with_hold_rows
from shop.sales.models import Sale


@dataclass(frozen=True, slots=True)
class SaleBoundaries:
    """A sale's boundaries in order of time."""

    sale: Sale
    boundaries: tuple[Boundary, ...]


def sales_by_distance(now: datetime, most: int) -> list[SaleBoundaries]:
    """The published sales with the nearest boundaries, ``most`` of them, by their opening."""
    every = sorted(_by_sale(), key=lambda each: min(abs(it.at - now) for it in each.boundaries))
    return sorted(every[:most], key=lambda each: each.sale.starts_at)


def next_boundary(now: datetime) -> Boundary | None:
    """The next boundary of any sale."""
    coming = (each for each in _boundaries() if each.at > now)
    return min(coming, key=attrgetter("at"), default=None)


def previous_boundary(now: datetime) -> Boundary | None:
    """The last boundary of any sale before this second."""
    gone = (each for each in _boundaries() if each.at < now.replace(microsecond=0))
    return max(gone, key=attrgetter("at"), default=None)


def _by_sale() -> Iterator[SaleBoundaries]:
    # Once published, a sale has offers out that stay honored, whatever its state is now.
    for sale in with_hold_rows(Sale.objects.filter(published_at__isnull=False)):
        yield SaleBoundaries(sale, boundaries_of(sale))


def _boundaries() -> Iterator[Boundary]:
    return (boundary for each in _by_sale() for boundary in each.boundaries)
