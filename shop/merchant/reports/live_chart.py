"""The sale room's chart: orders by the minute in which they were placed.

Its axis is elapsed time: when clocks are put back, the hour that comes twice has two sets of
columns, whose labels have their offsets from UTC.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shop.core.formatting import hour, is_same_day, short_day
from shop.merchant.reports.live_queries import Sums
from shop.merchant.reports.svg_chart import AxisMark, Chart, ChartColumn, draw, step_for
from shop.orders.sale_totals import minute_of
from shop.sales.hold_end import SaleHolds
from shop.sales.models import Sale

_MINUTE = timedelta(minutes=1)
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440)
_MOST_COLUMNS = 120


def by_minute(
    sale: Sale, minutes: Mapping[datetime, Sums], holds: SaleHolds, now: datetime
) -> Chart:
    """Orders of a sale by minute, from its opening to the end of its last hold.

    :param minutes: what was paid, by the minute of placing; one outside of that span lengthens it
    """
    start = minute_of(min([sale.starts_at, *minutes]))
    closed_at, held_until = holds.closed_at, holds.last_end
    end = max(closed_at, held_until, *(each + _MINUTE for each in minutes), start + _MINUTE)
    span = -(-(end - start) // _MINUTE)
    width = step_for(span, _STEPS, _MOST_COLUMNS)
    clock = _Clock(sale.zone, start, end)
    columns = _columns(minutes, start, -(-span // width), width, clock)
    whole = len(columns) * width * 60

    def mark(at: datetime, name: str, label: str = "") -> AxisMark:
        return AxisMark(label, name, (at - start) // timedelta(seconds=1), whole)

    close = mark(closed_at, "close", f"{clock.after_start(closed_at)} close")
    hold = mark(held_until, "hold", f"held until {clock.after_start(held_until)}")
    # A sale that was taken down before it opened never held a price.
    is_held = held_until > sale.starts_at
    marks = [close, hold] if is_held else [close]
    if start <= now < end:
        marks.append(mark(now, "now"))
    each = "minute" if width == 1 else f"{width} minutes"
    return draw(
        title=f"Orders of {sale} by {each}",
        text=_in_words(columns, each, sale),
        columns=columns,
        marks=marks,
        begins=clock.text(start),
        ends=clock.after_start(end),
        shade=(close, hold) if is_held else None,
    )


class _Clock:
    """Labels of instants, with the day if the axis has several."""

    def __init__(self, zone: ZoneInfo, start: datetime, end: datetime) -> None:
        self._zone, self._start = zone, start
        self._has_days = not is_same_day(start, end, zone)

    def text(self, instant: datetime) -> str:
        """The label of an instant that is read alone: "27 Nov, 23:59"."""
        time = hour(instant, self._zone)
        return f"{short_day(instant, self._zone)}, {time}" if self._has_days else time

    def after_start(self, instant: datetime) -> str:
        """The same beside the start's label, whose day is not repeated."""
        if is_same_day(instant, self._start, self._zone):
            return hour(instant, self._zone)
        return self.text(instant)


def _columns(
    minutes: Mapping[datetime, Sums], start: datetime, count: int, width: int, clock: _Clock
) -> list[ChartColumn]:
    plain, late = [0] * count, [0] * count
    for minute, sums in minutes.items():
        place = (minute - start) // _MINUTE // width
        plain[place] += sums.orders - sums.late_orders
        late[place] += sums.late_orders
    return [
        ChartColumn(clock.text(start + place * width * _MINUTE), plain[place], late[place])
        for place in range(count)
    ]


def _in_words(columns: list[ChartColumn], each: str, sale: Sale) -> str:
    busiest = max(columns, key=lambda column: column.total)
    late = sum(column.late for column in columns)
    if not busiest.total:
        return "No order is paid yet."
    most = "1 order" if busiest.total == 1 else f"{busiest.total} orders"
    span = f"a {each}" if each == "minute" else each
    return f"At most {most} in {span}, at {busiest.label}; {late} in all after the close."
