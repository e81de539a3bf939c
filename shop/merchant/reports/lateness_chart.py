"""How late the orders came that were honored after the close, against the hold."""

from collections.abc import Mapping
from datetime import timedelta

from shop.core.durations import duration, short_duration
from shop.merchant.reports.svg_chart import AxisMark, Chart, ChartColumn, draw, step_for
from shop.sales.models import Sale

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(_MINUTE * each for each in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * each for each in (1, 2, 3, 6, 12)),
    *(_DAY * each for each in (1, 2, 7, 30)),
)
_MOST_COLUMNS = 40


def span_of(sale: Sale, latest: int) -> int:
    """The seconds of a column; ``latest``: those from the close to the latest order, or -1."""
    return step_for(_axis(sale, latest), _STEPS, _MOST_COLUMNS)


def lateness(sale: Sale, orders: Mapping[int, int], latest: int) -> Chart:
    """A chart of the number of orders in each span of ``span_of`` seconds after the close."""
    span = span_of(sale, latest)
    count = -(-_axis(sale, latest) // span)
    columns = [ChartColumn(_label(place, span), 0, orders.get(place, 0)) for place in range(count)]
    close = AxisMark("", "close", 0, count * span)
    hold = AxisMark(
        f"held for {short_duration(sale.hold)}", "hold", sale.hold_seconds, count * span
    )
    return draw(
        title="Orders after the close, by how late they came",
        text=_in_words(sum(orders.values()), latest),
        columns=columns,
        marks=[close, hold],
        begins="close",
        ends=short_duration(timedelta(seconds=count * span)),
        shade=(close, hold),
    )


def _axis(sale: Sale, latest: int) -> int:
    return max(sale.hold_seconds, latest + 1)


def _label(place: int, span: int) -> str:
    start, end = (short_duration(timedelta(seconds=each * span)) for each in (place, place + 1))
    return f"{start} to {end}"


def _in_words(orders: int, latest: int) -> str:
    if not orders:
        return "No order came after the close."
    came = "1 order" if orders == 1 else f"{orders} orders"
    if latest == 0:
        return f"{came} came in the very second of the close."
    return f"{came} came after the close, the latest {duration(timedelta(seconds=latest))} after."
