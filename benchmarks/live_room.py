"""The live sale room and the report of a sale with 100,000 orders, as whole pages over WSGI.

The room is measured against that of a sale with a thousand orders, because its cost must
not grow with them; the report against one bare statement that counts the same orders.
The figures that a process caches for a second are cleared before every view.
"""

from dataclasses import dataclass
from typing import Any

from django.core.management import call_command
from django.urls import reverse

from benchmarks import order_rows
from benchmarks.browser import Browser
from benchmarks.databases import as_default, postgres, sqlite
from benchmarks.measure import WALL, Call, Row, counted_queries, in_turn, seconds_per_call
from benchmarks.sql_replay import bare_connection
from shop.core.money import format_money
from shop.merchant.reports.live_queries import recent_figures
from shop.sales.models import Sale
from shop.staff.models import Staff

ORDERS, FEW_ORDERS = 100_000, 1_000
ROOM_GOAL, REPORT_GOAL = 1.2, 6
ROOM_CALLS = 5

_COUNT = """
SELECT line.deal_id, COUNT(*), SUM(line.quantity), SUM(line.quantity * line.amount),
  COUNT(line.seconds_late)
FROM checkout_orderline AS line
JOIN checkout_order AS an_order ON an_order.id = line.order_id
JOIN sales_deal AS deal ON deal.id = line.deal_id
WHERE deal.sale_id = {sale} AND an_order.status = 'paid'
GROUP BY line.deal_id
"""


def run(rounds: int) -> list[Row]:
    """Room and report, on each database."""
    with sqlite(), as_default("sqlite"):
        on_sqlite = rows("SQLite", rounds)
    with postgres(), as_default("postgres"):
        return rows("PostgreSQL", rounds) + on_sqlite


def rows(database: str, rounds: int) -> list[Row]:
    """Both rows of what is the default database now, which is empty."""
    call_command("migrate", verbosity=0)
    browser = Browser(Staff.objects.create_superuser("watcher"))
    bare = bare_connection()
    few, many = (
        Watched(order_rows.fill(f"{orders}-orders", orders), browser, bare)
        for orders in (FEW_ORDERS, ORDERS)
    )
    for each, orders in ((few, FEW_ORDERS), (many, ORDERS)):
        each.check(orders)
    try:
        return [room(database, few, many, rounds), report(database, many, rounds)]
    finally:
        bare.close()


def room(database: str, few: "Watched", many: "Watched", rounds: int) -> Row:
    """The room with many orders, against the room with few."""
    times = in_turn(
        lambda: seconds_per_call(many.room, ROOM_CALLS, WALL),
        lambda: seconds_per_call(few.room, ROOM_CALLS, WALL),
        rounds=rounds,
    )
    notes = (
        f"{ORDERS:,} orders against {FEW_ORDERS:,}",
        f"{times.ours * 1e3:.1f} ms and {queries(many.room)} queries a view",
        f"with few {times.baseline * 1e3:.1f} ms and {queries(few.room)}",
    )
    return Row(f"room, {database}", times, ROOM_GOAL, notes)


def report(database: str, many: "Watched", rounds: int) -> Row:
    """The report on many orders, against a bare statement that counts them."""
    times = in_turn(
        lambda: seconds_per_call(many.report, 1, WALL),
        lambda: seconds_per_call(many.counted, 1, WALL),
        rounds=rounds,
    )
    notes = (
        f"{ORDERS:,} orders",
        f"{times.ours * 1e3:.0f} ms and {queries(many.report)} queries a view",
        f"the bare statement {times.baseline * 1e3:.0f} ms",
    )
    return Row(f"report, {database}", times, REPORT_GOAL, notes)


def queries(view: Call) -> int:
    """Statements that a view sends."""
    with counted_queries() as statements:
        view()
    return len(statements)


@dataclass(frozen=True, slots=True)
class Counted:
    """What was paid of a sale, as the bare statement counts it."""

    orders: int
    units: int
    revenue: int
    late_orders: int

    def is_shown_by(self, page: bytes) -> bool:
        """Whether these are the figures of a page: all that was paid, and what came late."""
        shown = (
            ("Orders", self.orders),
            ("Orders", self.late_orders),
            ("Units", self.units),
            ("Revenue", format_money(self.revenue, "EUR")),
        )
        text = page.decode()
        return all(f"<dt>{name}</dt><dd>{figure}</dd>" in text for name, figure in shown)


class Watched:
    """A sale that someone of the staff looks at, and that the bare driver counts."""

    def __init__(self, sale: Sale, browser: Browser, bare: Any) -> None:
        self._browser, self._bare = browser, bare
        self._room = reverse("admin:sale_live", args=[sale.slug])
        self._report = reverse("admin:sale_report", args=[sale.slug])
        self._count = _COUNT.format(sale=sale.pk)

    def room(self) -> bytes:
        """The live sale room's page, read anew."""
        recent_figures.clear()
        return self._browser.get(self._room)

    def report(self) -> bytes:
        """The report's page."""
        return self._browser.get(self._report)

    def counted(self) -> Counted:
        """The figures, by the bare statement."""
        cursor = self._bare.cursor()
        by_deal = cursor.execute(self._count).fetchall()
        return Counted(*(sum(int(row[place]) for row in by_deal) for place in range(1, 5)))

    def check(self, orders: int) -> None:
        """Nine of ten orders are paid, and both pages say what they come to.

        :raises AssertionError: they do not; then their times would be worth nothing
        """
        counted = self.counted()
        if (counted.orders, counted.late_orders) != (orders * 9 // 10, orders // 5):
            raise AssertionError(f"Of {orders} orders, {counted} were counted.")
        for name, page in {"room": self.room(), "report": self.report()}.items():
            if not counted.is_shown_by(page):
                raise AssertionError(f"The {name} does not say that there were {counted}.")
