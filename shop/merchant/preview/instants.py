"""Instants in addresses (``2026-11-27T11:14:59Z``), and the boundaries of a sale."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from shop.core.formatting import utc
from shop.core.wall_time import is_in_range
from shop.sales.boundaries import Boundary, boundaries_of
from shop.sales.models import Sale

_SECOND = timedelta(seconds=1)


class InstantConverter:
    """A path segment: a whole second in UTC, from the year 2000 to 2999."""

    regex = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"

    def to_python(self, value: str) -> datetime:
        """:raises ValueError: no such instant, or out of range"""
        instant = datetime.fromisoformat(value)
        if not is_in_range(instant):
            raise ValueError("not from 2000 to 2999")
        return instant

    def to_url(self, instant: datetime) -> str:
        return utc(instant)


def instants_of(sale: Sale) -> Iterator[Boundary]:
    """A sale's boundaries, rounded up to whole seconds."""
    for each in boundaries_of(sale, sale.extensions.all()):
        whole = each.at.replace(microsecond=0)
        at = whole if whole == each.at else whole + _SECOND
        if is_in_range(at):
            yield Boundary(at, each.text, each.zone)
