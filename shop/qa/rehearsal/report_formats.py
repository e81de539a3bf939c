"""Instants and verdicts as the reports show them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from shop.core.formatting import zone_name
from shop.qa.rehearsal.results import Cell, RehearsalReport

#: Beside a verdict: an order at that instant was paid as promised, or the bag renewed the price.
PAID, RENEWED = "✓", "↻"


class TimeFormat:
    """Formats instants in the sale's zone, with offsets where its clocks change meanwhile."""

    def __init__(self, report: RehearsalReport) -> None:
        self._zone = ZoneInfo(report.zone)
        self.zone_name = zone_name(self._zone)
        matrices = [matrix for each in report.scenarios for matrix in each.matrices]
        instants = [report.starts_at, *(row.at for matrix in matrices for row in matrix.rows)]
        local = [self._local(at) for at in instants]
        self.spans_days = len({each.date() for each in local}) > 1
        self._spans_offsets = len({each.utcoffset() for each in local}) > 1

    def time(self, instant: datetime) -> str:
        """Hour, minute, second: "12:14:59", or "02:30:00 CEST" where that is not enough."""
        local = self._local(instant)
        return f"{local:%H:%M:%S}" + (f" {local:%Z}" if self._spans_offsets else "")

    def day(self, instant: datetime) -> str:
        """The day, "27 Nov", where instants are of several days; otherwise empty."""
        return f"{self._local(instant):%-d %b}" if self.spans_days else ""

    def full(self, instant: datetime) -> str:
        """Day and time: "Friday, 27 November 2026, 12:00:00"."""
        return f"{self._local(instant):%A, %-d %B %Y}, {self.time(instant)}"

    def window(self, report: RehearsalReport) -> str:
        """When the sale is open: "Friday, 27 November 2026, 12:00:00 to 12:15:00, Berlin time"."""
        starts_at, ends_at = report.starts_at, report.ends_at
        is_one_day = self.day(starts_at) == self.day(ends_at)
        closes = self.time(ends_at) if is_one_day else self.full(ends_at)
        return f"{self.full(starts_at)} to {closes}, {self.zone_name}"

    def _local(self, instant: datetime) -> datetime:
        # From its seconds: freezegun's datetimes lose their fold in astimezone().
        return datetime.fromtimestamp(instant.timestamp(), self._zone)


def cell_text(cell: Cell) -> str:
    """The verdict with its mark; in capitals where it is wrong."""
    if not cell.is_kept:
        return f"{cell.verdict}!".upper()
    mark = RENEWED if cell.renewed else PAID if cell.paid else ""
    return f"{cell.verdict} {mark}".strip() or "·"
