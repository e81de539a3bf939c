"""A rehearsal as text, for a terminal of a hundred columns."""

import textwrap
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from shop.core.formatting import zone_name
from shop.qa.rehearsal.merchant_actions import in_words
from shop.qa.rehearsal.results import Cell, Matrix, RehearsalReport, ScenarioResult

WIDTH = 100
#: Breaches that are told one by one.
MOST_BREACHES = 20
#: Beside a verdict: an order at that instant was paid as promised, or the bag renewed the price.
PAID, RENEWED = "✓", "↻"
_COLUMN = 11
_ROOM_FOR_REASONS = 30


def render(report: RehearsalReport) -> str:
    """All of it: what was rehearsed, a matrix for each scene, and what was broken."""
    faces = CellSymbols(report)
    lines = [*_heading(report, faces)]
    lines += [
        "",
        f"{PAID} paid, and charged as promised   {RENEWED} run out, and renewed in the bag",
        "",
    ]
    for scene in report.scenes:
        lines += [*_scene(scene, faces), ""]
    lines += _outcome(report)
    return "\n".join(line.rstrip() for line in lines) + "\n"


class CellSymbols:
    """Instants as people read them, in the sale's zone; with offsets where its clocks change."""

    def __init__(self, report: RehearsalReport) -> None:
        self.zone = ZoneInfo(report.zone)
        self.name = zone_name(self.zone)
        rows = [row.at for each in report.scenes for matrix in each.matrices for row in matrix.rows]
        there = [self._there(at) for at in [*rows, report.starts_at]]
        #: Whether the time of day is not enough to tell instants apart.
        self.spans_days = len({each.date() for each in there}) > 1
        self._spans_offsets = len({each.utcoffset() for each in there}) > 1

    def time(self, instant: datetime) -> str:
        """Hour, minute, second: "12:14:59", or "02:30:00 CEST" where that is not enough."""
        there = self._there(instant)
        return f"{there:%H:%M:%S}" + (f" {there:%Z}" if self._spans_offsets else "")

    def day(self, instant: datetime) -> str:
        """The day there: "27 Nov"."""
        return f"{self._there(instant):%-d %b}"

    def date(self, instant: datetime) -> date:
        """The same to compare."""
        return self._there(instant).date()

    def full(self, instant: datetime) -> str:
        """Day and time."""
        return f"{self._there(instant):%A, %-d %B %Y}, {self.time(instant)}"

    def _there(self, instant: datetime) -> datetime:
        # By its seconds: freezegun's instants lose their fold in astimezone().
        return datetime.fromtimestamp(instant.timestamp(), self.zone)


def _heading(report: RehearsalReport, faces: CellSymbols) -> Iterator[str]:
    yield f"Rehearsal of {report.title} ({report.slug})" + (", a draft" if report.was_draft else "")
    same_day = faces.date(report.starts_at) == faces.date(report.ends_at)
    closes = faces.time(report.ends_at) if same_day else faces.full(report.ends_at)
    window = f"{faces.full(report.starts_at)} to {closes}, {faces.name}"
    yield from textwrap.wrap(f"{window}; prices held {in_words(report.hold)}", WIDTH)
    walked = [
        f"{part.sku} {part.name}"
        + (f" (and {part.stands_for - 1} like it)" if part.stands_for > 1 else "")
        for part in report.parts
    ]
    whole = "Deals: " if len(walked) == report.deals_in_all else f"Of {report.deals_in_all} deals: "
    yield from textwrap.wrap(whole + "; ".join(walked), WIDTH, subsequent_indent="  ")


def _scene(scene: ScenarioResult, faces: CellSymbols) -> Iterator[str]:
    yield scene.title.upper()
    yield from textwrap.wrap(scene.text, WIDTH)
    for matrix in scene.matrices:
        if len(scene.matrices) > 1:
            yield f"{matrix.sku}:"
        stub, width = _widths(matrix, faces)
        at_once = max(1, (WIDTH - stub - _ROOM_FOR_REASONS) // width)
        for start in range(0, len(matrix.columns), at_once):
            yield ""
            yield from _block(matrix, range(start, start + at_once), faces)


def _widths(matrix: Matrix, faces: CellSymbols) -> tuple[int, int]:
    """Of the first column, with the instants of presentation, and of each of the others."""
    longest = max(len(faces.time(row.at)) for row in matrix.rows)
    return max(longest + 2 + 8 * faces.spans_days, len("presented at") + 2), max(
        _COLUMN, longest + 2
    )


def _block(matrix: Matrix, columns: range, faces: CellSymbols) -> Iterator[str]:
    """As many columns of a matrix as fit next to their instants' reasons."""
    looks = matrix.columns[columns.start : columns.stop]
    stub, width = _widths(matrix, faces)

    def line(label: str, words: Sequence[str], why: str = "") -> str:
        cells = "".join(f"{word:{width}}" for word in words)
        room = WIDTH - stub - len(cells)
        return f"{label:{stub}}{cells}{textwrap.shorten(why, room, placeholder='…')}"

    if faces.spans_days:
        yield line("", [faces.day(each.issued.at) for each in looks])
    yield line("shown at", [faces.time(each.issued.at) for each in looks])
    yield line("held until", [faces.time(each.held_until) for each in looks])
    yield line("presented at", ["-" * (width - 2)] * len(looks))
    day = None
    for row, cells in zip(matrix.rows, matrix.cells, strict=True):
        shown = cells[columns.start : columns.stop]
        if columns.start and not any(cell.verdict for cell in shown):
            continue  # Not shown yet; the first block has these rows.
        label = faces.time(row.at)
        if faces.spans_days:
            today = faces.date(row.at)
            label = f"{faces.day(row.at) if today != day else '':>6}  {label}"
            day = today
        yield line(label, [word_of(cell) for cell in shown], ", ".join(row.why))


def word_of(cell: Cell) -> str:
    """A verdict and what else is to be known of it; loud where it is wrong."""
    if not cell.is_kept:
        return f"{cell.verdict}!".upper()
    mark = RENEWED if cell.renewed else PAID if cell.paid else ""
    return f"{cell.verdict} {mark}".strip() or "·"


def _outcome(report: RehearsalReport) -> Iterator[str]:
    for note in report.notes:
        yield from textwrap.wrap(f"Note: {note}", WIDTH, subsequent_indent="  ")
    counts = report.counts
    yield (
        f"{counts.get('presented', 0)} offers presented, {counts.get('paid', 0)} orders paid, "
        f"{counts.get('pages', 0)} pages read, in {report.seconds:.1f} s."
    )
    if report.is_kept:
        yield "Every promise was kept."
        return
    many = len(report.breaches)
    yield f"Promises were broken, in {many} place{'' if many == 1 else 's'}:"
    for breach in report.breaches[:MOST_BREACHES]:
        yield from textwrap.wrap(breach, WIDTH, initial_indent="- ", subsequent_indent="  ")
    if many > MOST_BREACHES:
        yield f"- and {many - MOST_BREACHES} more"
