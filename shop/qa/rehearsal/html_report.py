"""A rehearsal's report as a self-contained HTML page: a timeline and a table for each scenario.

One file with its own style and no script, so that it can be mailed, kept and
printed. Timelines are not to scale: the seconds around a boundary are drawn wide.
"""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from offers.verdicts import Verdict
from shop.core.durations import exact_duration
from shop.qa.rehearsal.merchant_actions import ActionKind
from shop.qa.rehearsal.oracle import honored_until, is_recalled
from shop.qa.rehearsal.report_formats import OVER, TimeFormat, cell_text, step_text
from shop.qa.rehearsal.results import Cell, Matrix, MatrixColumn, RehearsalReport, ScenarioResult

_MARGIN = 2.5
_ROW = 46
_TOP = 8
#: Seconds that are drawn a tenth wider than one second is: the unit of the scale.
_GROWTH = 1.4


def render_html(report: RehearsalReport) -> str:
    """The page, as one document."""
    times = TimeFormat(report)
    context = {
        "report": report,
        "shop_name": settings.SHOP_NAME,
        "zone": times.zone_name,
        "opens": times.full(report.starts_at),
        "closes": times.full(report.ends_at),
        "over": OVER if report.is_over else "",
        "hold": exact_duration(int(report.hold.total_seconds())),
        "samples": [{"sample": each, "others": each.stands_for - 1} for each in report.samples],
        "scenarios": [_scenario(each, times) for each in report.scenarios],
    }
    return render_to_string("qa/rehearsal.html", context)


def _scenario(scenario: ScenarioResult, times: TimeFormat) -> dict[str, Any]:
    return {
        "title": scenario.title,
        "text": scenario.text,
        "matrices": [
            {
                "sku": matrix.sku,
                "timeline": _timeline(scenario, matrix, times),
                "columns": [_head(column, times) for column in matrix.columns],
                "rows": list(_rows(matrix, times)),
            }
            for matrix in scenario.matrices
        ],
        "has_several": len(scenario.matrices) > 1,
        "steps": [
            {
                "day": times.day(step.at),
                "time": times.time(step.at),
                "text": step.text,
                "kind": "over" if step.is_kept else "broken",
                "outcome": step_text(step),
            }
            for step in scenario.steps
        ],
    }


def _head(column: MatrixColumn, times: TimeFormat) -> dict[str, str]:
    return {
        "day": times.day(column.issued.at),
        "shown": times.time(column.issued.at),
        "until": times.time(column.held_until),
    }


def _rows(matrix: Matrix, times: TimeFormat) -> Iterator[dict[str, Any]]:
    previous = ""
    for row, cells in zip(matrix.rows, matrix.cells, strict=True):
        day = times.day(row.at)
        yield {
            "day": day if day != previous else "",
            "time": times.time(row.at),
            "why": ", ".join(row.why),
            "cells": [{"kind": _kind(cell), "word": cell_text(cell)} for cell in cells],
        }
        previous = day


def _kind(cell: Cell) -> str:
    """The kind of a cell, which its style follows."""
    if not cell.verdict:
        return "none"
    if not cell.is_kept:
        return "broken"
    if cell.renewed:
        return "renewed"
    if cell.paid:
        return "paid"
    return "honored" if cell.verdict == Verdict.HONORED else "over"


# --- The drawing ---


class Scale:
    """Maps instants to percents of the width, by the logarithm of the time between them."""

    def __init__(self, instants: Sequence[datetime]) -> None:
        self._instants = sorted(set(instants))
        places = [0.0]
        for before, after in pairwise(self._instants):
            gap = max((after - before).total_seconds(), 1)
            places.append(places[-1] + 1 + _GROWTH * math.log10(gap))
        whole = places[-1] or 1
        room = 100 - 2 * _MARGIN
        self._places = [_MARGIN + room * place / whole for place in places]

    def __call__(self, instant: datetime) -> float:
        """The place of an instant, in percent; between known ones in proportion."""
        if instant <= self._instants[0]:
            return self._places[0]
        known = zip(pairwise(self._instants), pairwise(self._places), strict=True)
        for (before, after), (left, right) in known:
            if before <= instant <= after:
                return left + (right - left) * ((instant - before) / (after - before))
        return self._places[-1]


def _timeline(scenario: ScenarioResult, matrix: Matrix, times: TimeFormat) -> dict[str, Any]:
    """The window, the actions, and for each visit to the page its hold and its verdicts.

    Instants and widths (``x``, ``width``) are percents, heights (``y``) pixels.
    """
    scale = Scale([row.at for row in matrix.rows])
    bars = [_bar("window", scale, scenario.starts_at, scenario.ends_at, _TOP)]
    opens, closes = times.time(scenario.starts_at), times.time(scenario.ends_at)
    labels = [_label(f"The sale is open: {opens} to {closes}", _TOP, "window")]
    actions, marks = [], []
    y = _TOP + _ROW
    first, last = matrix.rows[0].at, matrix.rows[-1].at
    visible = [action for action in scenario.actions if first <= action.at <= last]
    for action in visible:
        actions.append({"kind": action.kind, "x": _percent(scale(action.at)), "y": y})
        labels.append(_label(f"{times.time(action.at)}: {action.text}", y, "action"))
        y += _ROW // 2 + 4
    if visible:
        y += 8
    for number, column in enumerate(matrix.columns):
        head = _head(column, times)
        day = f"{head['day']}, " if head["day"] else ""
        shown = f"Shown {day}{head['shown']}, held until {head['until']}"
        labels.append(_label(shown, y, "hold"))
        bars += _holds(scenario, matrix, column, scale, y + 20)
        for row, cells in zip(matrix.rows, matrix.cells, strict=True):
            if cells[number].verdict:
                x, kind = _percent(scale(row.at)), _kind(cells[number])
                marks.append({"kind": kind, "x": x, "y": y + 28})
        y += _ROW + 8
    return {
        "height": y,
        "ticks": [_percent(scale(row.at)) for row in matrix.rows],
        "bars": bars,
        "marks": marks,
        "labels": labels,
        "actions": actions,
        "summary": f"The sale is open from {opens} to {closes}. "
        + " ".join(
            f"What is shown at {times.time(each.issued.at)} is held until "
            f"{times.time(each.held_until)}."
            for each in matrix.columns
        ),
    }


def _holds(
    scenario: ScenarioResult, matrix: Matrix, column: MatrixColumn, scale: Scale, y: int
) -> Iterator[dict[str, Any]]:
    """Bars for the hold, for its extensions, and for what a recall took from it."""
    shown_at, held_until = column.issued.at, column.held_until
    max_stale = timedelta(seconds=settings.SHOWCASE_MAX_STALE)
    recalls = [
        action.at
        for action in scenario.actions
        if action.kind is ActionKind.RECALL
        and is_recalled(shown_at, matrix.sku, scenario.actions, action.at, max_stale=max_stale)
    ]
    end = min([held_until, *recalls])
    yield _bar("hold", scale, shown_at, end, y)
    if end < held_until:
        yield _bar("recalled", scale, end, held_until, y)
        return
    since = held_until
    for action in scenario.actions:
        until = honored_until(shown_at, held_until, scenario.actions, action.at)
        if action.kind is ActionKind.EXTENSION and until > since:
            yield _bar("extension", scale, max(since, action.at), until, y)
            since = until


def _bar(kind: str, scale: Scale, start: datetime, end: datetime, y: int) -> dict[str, Any]:
    left, right = scale(start), scale(end)
    return {"kind": kind, "x": _percent(left), "width": _percent(max(right - left, 0.4)), "y": y}


def _label(text: str, top: int, kind: str) -> dict[str, Any]:
    return {"text": text, "y": top + 13, "kind": kind}


def _percent(value: float) -> str:
    return f"{value:.2f}%"
