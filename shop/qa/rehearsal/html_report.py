"""A rehearsal as a page to look at: timelines, matrices, and nothing that comes from elsewhere.

One file with its own style and no script, so that it can be mailed, kept and
printed. Timelines are not to scale: the seconds around a boundary are drawn
wide, for what matters happens between them.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from offers.verdicts import Verdict
from shop.qa.rehearsal.merchant_actions import ActionKind, in_words
from shop.qa.rehearsal.oracle import honored_until, is_recalled
from shop.qa.rehearsal.results import Cell, Matrix, MatrixColumn, RehearsalReport, ScenarioResult
from shop.qa.rehearsal.text_report import CellSymbols, word_of

_MARGIN = 2.5
_ROW = 46
_TOP = 8
#: Seconds that are drawn a tenth wider than one second is: the unit of the scale.
_GROWTH = 1.4


@dataclass(frozen=True)
class TimelineBar:
    """A stretch of time: what it is, where it begins and how wide it is, in percent."""

    kind: str
    x: str
    width: str
    y: int


@dataclass(frozen=True)
class TimelineMark:
    """A point in time, in percent, on a row in pixels."""

    kind: str
    x: str
    y: int


@dataclass(frozen=True)
class TimelineLabel:
    """Words above a row; those of acts stand where there is room for them."""

    text: str
    y: int
    kind: str = ""


@dataclass(frozen=True)
class Timeline:
    """What the drawing is made of."""

    height: int
    ticks: Sequence[str]
    bars: Sequence[TimelineBar]
    marks: Sequence[TimelineMark]
    labels: Sequence[TimelineLabel]
    acts: Sequence[TimelineMark]
    summary: str


def draw(report: RehearsalReport) -> str:
    """The page."""
    faces = CellSymbols(report)
    context = {
        "report": report,
        "shop_name": settings.SHOP_NAME,
        "zone": faces.name,
        "opens": faces.full(report.starts_at),
        "closes": faces.full(report.ends_at),
        "hold": in_words(report.hold),
        "parts": [{"part": part, "others": part.stands_for - 1} for part in report.parts],
        "scenes": [_scene(scene, faces) for scene in report.scenes],
    }
    return render_to_string("qa/rehearsal.html", context)


def _scene(scene: ScenarioResult, faces: CellSymbols) -> dict[str, Any]:
    return {
        "title": scene.title,
        "text": scene.text,
        "matrices": [
            {
                "sku": matrix.sku,
                "timeline": timeline(scene, matrix, faces),
                "columns": [_head(column, faces) for column in matrix.columns],
                "rows": list(_rows(matrix, faces)),
            }
            for matrix in scene.matrices
        ],
        "has_several": len(scene.matrices) > 1,
    }


def _head(column: MatrixColumn, faces: CellSymbols) -> dict[str, str]:
    return {
        "day": faces.day(column.issued.at) if faces.spans_days else "",
        "shown": faces.time(column.issued.at),
        "until": faces.time(column.held_until),
    }


def _rows(matrix: Matrix, faces: CellSymbols) -> Iterator[dict[str, Any]]:
    day = None
    for row, cells in zip(matrix.rows, matrix.cells, strict=True):
        today = faces.date(row.at)
        yield {
            "day": faces.day(row.at) if faces.spans_days and today != day else "",
            "time": faces.time(row.at),
            "why": ", ".join(row.why),
            "cells": [{"kind": kind_of(cell), "word": word_of(cell)} for cell in cells],
        }
        day = today


def kind_of(cell: Cell) -> str:
    """How a cell is drawn."""
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
    """From instants to percents: a second is drawn wide, a day not much wider than an hour."""

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
        """Where an instant is, in percent; between known ones in proportion."""
        if instant <= self._instants[0]:
            return self._places[0]
        known = zip(pairwise(self._instants), pairwise(self._places), strict=True)
        for (before, after), (left, right) in known:
            if before <= instant <= after:
                return left + (right - left) * ((instant - before) / (after - before))
        return self._places[-1]


def timeline(scene: ScenarioResult, matrix: Matrix, faces: CellSymbols) -> Timeline:
    """The window, the acts, and a bar for each look at the page with what became of its offers."""
    scale = Scale([row.at for row in matrix.rows])
    bars = [_bar("window", scale, scene.starts_at, scene.ends_at, _TOP)]
    opens, closes = faces.time(scene.starts_at), faces.time(scene.ends_at)
    labels = [TimelineLabel(f"The sale is open: {opens} to {closes}", _TOP + 13, "window")]
    acts, marks = [], []
    y = _TOP + _ROW
    first, last = matrix.rows[0].at, matrix.rows[-1].at
    visible = [act for act in scene.acts if first <= act.at <= last]
    for act in visible:
        acts.append(TimelineMark(act.kind, _percent(scale(act.at)), y))
        labels.append(TimelineLabel(f"{faces.time(act.at)}: {act.text}", y + 13, "act"))
        y += _ROW // 2 + 4
    if visible:
        y += 8
    for number, column in enumerate(matrix.columns):
        head = _head(column, faces)
        day = f"{head['day']}, " if head["day"] else ""
        labels.append(
            TimelineLabel(f"Shown {day}{head['shown']}, held until {head['until']}", y + 13, "hold")
        )
        bars += _holds(scene, matrix, column, scale, y + 20)
        for row, cells in zip(matrix.rows, matrix.cells, strict=True):
            if cells[number].verdict:
                marks.append(TimelineMark(kind_of(cells[number]), _percent(scale(row.at)), y + 28))
        y += _ROW + 8
    return Timeline(
        height=y,
        ticks=[_percent(scale(row.at)) for row in matrix.rows],
        bars=bars,
        marks=marks,
        labels=labels,
        acts=acts,
        summary=f"The sale is open from {opens} to {closes}. "
        + " ".join(
            f"What is shown at {faces.time(each.issued.at)} is held until "
            f"{faces.time(each.held_until)}."
            for each in matrix.columns
        ),
    )


def _holds(
    scene: ScenarioResult, matrix: Matrix, column: MatrixColumn, scale: Scale, y: int
) -> Iterator[TimelineBar]:
    """What was promised, what was added to it, and what was taken back of either."""
    shown_at, held_until = column.issued.at, column.held_until
    settled = timedelta(seconds=settings.SHOWCASE_MAX_STALE)
    recalls = [
        act.at
        for act in scene.acts
        if act.kind is ActionKind.RECALL
        and is_recalled(shown_at, matrix.sku, scene.acts, act.at, settled=settled)
    ]
    end = min([held_until, *recalls])
    yield _bar("hold", scale, shown_at, end, y)
    if end < held_until:
        yield _bar("taken", scale, end, held_until, y)
        return
    since = held_until
    for act in scene.acts:
        until = honored_until(shown_at, held_until, scene.acts, act.at)
        if act.kind is ActionKind.EXTENSION and until > since:
            yield _bar("longer", scale, max(since, act.at), until, y)
            since = until


def _bar(kind: str, scale: Scale, start: datetime, end: datetime, y: int) -> TimelineBar:
    left, right = scale(start), scale(end)
    return TimelineBar(kind, _percent(left), _percent(max(right - left, 0.4)), y)


def _percent(value: float) -> str:
    return f"{value:.2f}%"
