"""A rehearsal's report for a terminal of a hundred columns."""

import textwrap
from collections.abc import Iterator, Sequence

from shop.core.durations import exact_duration
from shop.qa.rehearsal.report_formats import OVER, PAID, RENEWED, TimeFormat, cell_text, step_text
from shop.qa.rehearsal.results import Matrix, PurchaseStep, RehearsalReport

WIDTH = 100
_REASONS_WIDTH = 30


def render_text(report: RehearsalReport) -> str:
    """The sale, a table of verdicts for each scenario, and the broken promises."""
    times, counts, many = TimeFormat(report), report.counts, len(report.broken)
    samples = ", ".join(f"{sample.sku} {sample.name}" for sample in report.samples)
    lines = [
        f"Rehearsal of {report.title} ({report.slug})" + (", a draft" if report.was_draft else ""),
        f"{times.window(report)}; prices held {exact_duration(int(report.hold.total_seconds()))}",
        f"{len(report.samples)} of {report.deals_total} deals: {samples}",
        f"{PAID} paid, and charged as promised   {RENEWED} run out, and renewed in the bag",
    ]
    if report.is_over:
        lines.append(OVER)
    for scenario in report.scenarios:
        lines += ["", f"{scenario.title.upper()} ({scenario.name})", scenario.text]
        for matrix in scenario.matrices:
            lines += ["", f"{matrix.sku}:", *_table(matrix, times)]
        if scenario.steps:
            lines += ["", *(_step(step, times) for step in scenario.steps)]
    lines += ["", *(f"Note: {note}" for note in report.notes)]
    lines.append(
        f"{counts.get('presented', 0)} offers presented, {counts.get('paid', 0)} orders paid, "
        f"{counts.get('pages', 0)} pages read, in {report.seconds:.1f} s."
    )
    if many:
        lines.append(f"Promises were broken, in {many} place{'' if many == 1 else 's'}:")
    else:
        lines.append("Every promise was kept.")
    lines += [f"- {sentence}" for sentence in report.broken]
    return "".join(f"{part}\n" for line in lines for part in textwrap.wrap(line, WIDTH) or [""])


def _step(step: PurchaseStep, times: TimeFormat) -> str:
    when = f"{times.day(step.at)} {times.time(step.at)}".strip()
    return f"{when}  {step.text}: {step_text(step)}"


def _table(matrix: Matrix, times: TimeFormat) -> Iterator[str]:
    """Lines of a table, with as many columns side by side as leave room for the rows' reasons."""
    labels = [f"{times.day(row.at)} {times.time(row.at)}".strip() for row in matrix.rows]
    label_width = max(len(label) for label in ["presented at", *labels]) + 2
    shown = [at for each in matrix.columns for at in (each.issued.at, each.held_until)]
    widths = [len(f"honored {PAID}"), *(len(times.time(at)) for at in shown)]
    width = max(widths) + 2
    at_once = max(1, (WIDTH - label_width - _REASONS_WIDTH) // width)

    def line(label: str, cells: Sequence[str], why: str = "") -> str:
        text = f"{label:{label_width}}" + "".join(f"{cell:{width}}" for cell in cells)
        return text + textwrap.shorten(why, WIDTH - len(text), placeholder="…")

    for start in range(0, len(matrix.columns), at_once):
        side_by_side = slice(start, start + at_once)
        columns = matrix.columns[side_by_side]
        if times.spans_days:
            yield line("", [times.day(each.issued.at) for each in columns])
        yield line("shown at", [times.time(each.issued.at) for each in columns])
        yield line("held until", [times.time(each.held_until) for each in columns])
        yield line("presented at", ["-" * (width - 2)] * len(columns))
        for label, row, cells in zip(labels, matrix.rows, matrix.cells, strict=True):
            yield line(label, [cell_text(cell) for cell in cells[side_by_side]], ", ".join(row.why))
