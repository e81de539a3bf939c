"""Instants and verdicts as the reports show them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from shop.core.formatting import day_and_second, is_same_day, second, short_day, zone_name
from shop.qa.rehearsal.results import Cell, PurchaseStep, RehearsalReport

#: Beside a verdict: an order at that instant was paid as promised, or the bag renewed the price.
PAID, RENEWED = "✓", "↻"
#: Of a sale that has closed while its offers are still held.
OVER = (
    "The sale is over, and its last offers are still held. It was rehearsed as it was; of what may "
    "yet happen, offers that are held longer or recalled from now on."
)


class TimeFormat:
    """Formats instants in the sale's zone."""

    def __init__(self, report: RehearsalReport) -> None:
        self._zone = ZoneInfo(report.zone)
        self.zone_name = zone_name(self._zone)
        matrices = [matrix for each in report.scenarios for matrix in each.matrices]
        rows = [row.at for each in matrices for row in each.rows]
        steps = [step.at for each in report.scenarios for step in each.steps]
        instants = [report.starts_at, *rows, *steps]
        self.spans_days = not is_same_day(min(instants), max(instants), self._zone)

    def time(self, instant: datetime) -> str:
        """Hour, minute, second: "12:14:59"; "02:30:00 (UTC+2)" where that comes twice."""
        return second(instant, self._zone)

    def day(self, instant: datetime) -> str:
        """The day, "27 Nov", where instants are of several days; otherwise empty."""
        return short_day(instant, self._zone) if self.spans_days else ""

    def full(self, instant: datetime) -> str:
        """Day and time: "Friday, 27 November 2026, 12:00:00"."""
        return day_and_second(instant, self._zone)

    def window(self, report: RehearsalReport) -> str:
        """When the sale is open: "Friday, 27 November 2026, 12:00:00 to 12:15:00, Berlin time"."""
        starts_at, ends_at = report.starts_at, report.ends_at
        is_one_day = is_same_day(starts_at, ends_at, self._zone)
        closes = self.time(ends_at) if is_one_day else self.full(ends_at)
        return f"{self.full(starts_at)} to {closes}, {self.zone_name}"


def cell_text(cell: Cell) -> str:
    """The verdict with its mark; in capitals where it is wrong."""
    if not cell.is_kept:
        return f"{cell.verdict}!".upper()
    mark = RENEWED if cell.renewed else PAID if cell.paid else ""
    return f"{cell.verdict} {mark}".strip() or "·"


def step_text(step: PurchaseStep) -> str:
    """What came of a step; in capitals where that is wrong."""
    outcome = step.outcome.replace("_", " ")
    return outcome if step.is_kept else f"{outcome}!".upper()
