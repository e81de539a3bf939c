"""The boundaries of all sales: where QA wants to stand."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from shop.sales.boundaries import Boundary, boundaries_of
from shop.sales.models import Sale


@dataclass(frozen=True, slots=True)
class SaleBoundaries:
    """A sale's boundaries, the first one first."""

    sale: Sale
    boundaries: tuple[Boundary, ...]


def sales_by_distance(now: datetime, most: int) -> list[SaleBoundaries]:
    """The published sales whose boundaries are nearest, so many of them, by their opening."""
    every = sorted(_every(), key=lambda each: min(abs(it.at - now) for it in each.boundaries))
    return sorted(every[:most], key=lambda each: each.sale.starts_at)


def next_boundary(now: datetime) -> Boundary | None:
    """The first one of any sale that is still to come."""
    coming = (each for each in _all() if each.at > now)
    return min(coming, key=_instant, default=None)


def previous_boundary(now: datetime) -> Boundary | None:
    """The last one of any sale before this second."""
    gone = (each for each in _all() if each.at < now.replace(microsecond=0))
    return max(gone, key=_instant, default=None)


def _every() -> Iterator[SaleBoundaries]:
    # Published once: its offers are out, and honored, whatever became of the sale.
    for sale in Sale.objects.filter(published_at__isnull=False).prefetch_related("extensions"):
        yield SaleBoundaries(sale, boundaries_of(sale, sale.extensions.all()))


def _all() -> Iterator[Boundary]:
    return (boundary for each in _every() for boundary in each.boundaries)


def _instant(boundary: Boundary) -> datetime:
    return boundary.at
