"""Rehearsals as the files that they leave, for the pages that show them."""

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from shop.qa.pytest_plugin.factories import OPENS
from shop.qa.rehearsal.isolated_process import PROBLEM, PROGRESS, REPORT_HTML, REPORT_JSON
from shop.qa.rehearsal.progress import Progress


def _at(text: str) -> dict[str, str]:
    """A finding, as the report has it."""
    return {"at": "2026-11-27T11:44:59Z", "text": text}


FOUND: dict[str, Any] = {
    "kept": True,
    "broken": 0,
    "scenarios": [
        {
            "name": "as-configured",
            "title": "As configured",
            "text": "Every offer as its page promised it.",
            "findings": [],
        },
        {
            "name": "recalled",
            "title": "If offers are recalled",
            "text": "Half-way through.",
            "findings": [],
        },
    ],
    "notes": [],
    "counts": {"presented": 101, "paid": 23, "pages": 84},
    "seconds": 10.6,
    "samples": [{}, {}],
    "deals_total": 6,
    "was_draft": False,
}
BROKEN = {
    **FOUND,
    "kept": False,
    "broken": 2,
    "scenarios": [
        {**FOUND["scenarios"][0], "findings": [_at("Checkout refused a second early.")]},
        {**FOUND["scenarios"][1], "findings": [_at("the bag took it.")]},
    ],
}

PICTURE = "<!doctype html><html lang=en><title>Drawn</title><h1>Drawn</h1>"


def leave(
    folder: Path,
    number: int = 1,
    *,
    found: object = None,
    problem: str = "",
    at: datetime = OPENS,
    terms: str = "",
    progress: Progress | None = None,
) -> None:
    """What a rehearsal leaves behind."""
    run = folder / str(number)
    run.mkdir(parents=True)
    started = {"at": at.isoformat(), "by": "olga", "terms": terms, "machine": time.time()}
    (run / "started.json").write_text(json.dumps(started))
    if progress is not None:
        (run / PROGRESS).write_text(json.dumps(asdict(progress)))
    if problem:
        (run / PROBLEM).write_text(problem)
    (run / REPORT_HTML).write_text(PICTURE)
    (run / REPORT_JSON).write_text("" if found is None else json.dumps(found))


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """Meanwhile the last rehearsal is alive."""
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
