"""Rehearsals as the files that they leave, for pages that tell of them."""

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from shop.qa.pytest_plugin.factories import OPENS

FOUND: dict[str, Any] = {
    "kept": True,
    "scenes": [
        {"title": "As configured", "text": "Every offer as its page promised it."},
        {"title": "If offers are recalled", "text": "Half-way through."},
    ],
    "breaches": [],
    "notes": [],
    "counts": {"presented": 101, "paid": 23, "pages": 84},
    "seconds": 10.6,
    "parts": [{}, {}],
    "deals_in_all": 6,
    "was_draft": False,
}
BROKEN = {
    **FOUND,
    "kept": False,
    "breaches": ["Checkout refused a second early.", "If offers are recalled: the bag took it."],
}

PICTURE = "<!doctype html><html lang=en><title>Drawn</title><h1>Drawn</h1>"


def leave(
    folder: Path,
    number: int = 1,
    *,
    found: object = None,
    errors: str = "",
    at: datetime = OPENS,
    terms: str = "",
) -> None:
    """What a rehearsal leaves behind."""
    run = folder / str(number)
    run.mkdir(parents=True)
    started = {"at": at.isoformat(), "by": "olga", "terms": terms, "machine": time.time()}
    (run / "started.json").write_text(json.dumps(started))
    (run / "errors.txt").write_text(errors)
    (run / "picture.html").write_text(PICTURE)
    (run / "found.json").write_text("" if found is None else json.dumps(found))


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """Meanwhile the last rehearsal is alive."""
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
