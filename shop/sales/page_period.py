"""The time around an instant in which the clock changes nothing on a page about sales."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from shop.core.page_cache import Period
from shop.sales.snapshot import SaleSnapshot

#: Pages name the day of what is not today. Days begin, and clocks change, at a whole quarter of an
#: hour of UTC, in every zone there is.
_QUARTER = timedelta(minutes=15)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def page_period(sales: Iterable[SaleSnapshot], now: datetime) -> Period:
    """From the last change before ``now`` to the next: a sale's opening or close, or a new day."""
    since = _EPOCH + (now - _EPOCH) // _QUARTER * _QUARTER
    until = since + _QUARTER
    for instant in _changes(sales, now):
        if instant <= now:
            since = max(since, instant)
        else:
            until = min(until, instant)
    return Period(since, until)


def _changes(sales: Iterable[SaleSnapshot], now: datetime) -> Iterator[datetime]:
    for sale in sales:
        yield sale.starts_at
        yield sale.ends_at
        if sale.starts_at <= now:
            # From then on no page says that its prices are held.
            yield sale.last_hold_ends_at
