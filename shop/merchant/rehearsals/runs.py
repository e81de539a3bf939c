"""Rehearsals that the back office starts: isolated processes, and the files they leave.

Each has a numbered folder in ``VAR/rehearsals/<slug>/``, with ``started.json`` and the
files of ``isolated_process``. It runs as long as its process holds the lock of its
sale, which the system releases however that process ends: so each sale has one
rehearsal at a time, for all web processes of a machine. The process ends with the
web process that started it.
"""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from threading import Thread
from typing import IO, Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

from shop.core.durations import duration
from shop.core.machine_clock import unix_seconds
from shop.qa.rehearsal import isolated_process
from shop.qa.rehearsal.progress import Progress
from shop.qa.rehearsal.sale_export import export_sale
from shop.sales.models import Sale

#: How long one may take, in seconds.
TIMEOUT = 300
#: How much of the machine it yields to the shop (``nice``).
_NICE = 10

_STARTED = "started.json"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """One that was started: when by the shop's clock, by whom, and the sale's terms then."""

    folder: Path
    number: int
    started_at: datetime
    started_by: str
    terms: str
    started_at_machine: float

    @property
    def age(self) -> str:
        """How long ago it was started, in words."""
        seconds = max(0, int(unix_seconds() - self.started_at_machine))
        return duration(timedelta(seconds=seconds))

    @property
    def picture(self) -> Path:
        """The report as an HTML page."""
        return self.folder / isolated_process.REPORT_HTML

    def report(self) -> dict[str, Any] | None:
        """The report as data (``RehearsalReport.as_json``); None if it did not come so far."""
        try:
            document = json.loads((self.folder / isolated_process.REPORT_JSON).read_text())
        except (FileNotFoundError, ValueError):
            return None
        return document if isinstance(document, dict) else None

    @property
    def progress(self) -> Progress | None:
        """The scenario that it runs; None before the first one."""
        return isolated_process.progress_of(self.folder)

    @property
    def is_kept(self) -> bool:
        """Whether it has a report, and every promise was kept."""
        return bool((self.report() or {}).get("kept"))


@dataclass(frozen=True, slots=True)
class Rehearsals:
    """Those of one sale: the running one, the last one with a report, and the last of all."""

    running: Rehearsal | None = None
    reported: Rehearsal | None = None
    last: Rehearsal | None = None

    @property
    def number(self) -> int:
        """That of the last one, 0 before the first."""
        return self.last.number if self.last else 0

    @property
    def problem(self) -> str:
        """Why the last one has no report; empty if it has one, or runs."""
        if self.last is None or self.last in (self.running, self.reported):
            return ""
        return isolated_process.problem_of(self.last.folder)


def rehearsals_of(slug: str) -> Rehearsals:
    """The rehearsals of a sale."""
    folder = _folder(slug)
    if not folder.is_dir():
        return Rehearsals()
    with _exclusive(folder), (folder / "lock").open("a") as lock:
        return _read(folder, is_running=not _acquire(lock))


def terms_of(sale: Sale) -> str:
    """A digest of what a sale promises; texts, stock and publication do not change it."""
    deals = sale.deals.select_related("product").prefetch_related("product__variants")
    terms = {
        "sale": [sale.time_zone, sale.starts_at, sale.ends_at, sale.hold_seconds],
        "is canceled": sale.state == Sale.State.CANCELED,
        "deals": [
            [
                *(deal.product.sku, deal.price, deal.allocation, deal.max_per_shopper),
                *(deal.withdrawn, deal.product.list_price, deal.product.currency),
                deal.product.sold_at_list_price,
                [each.sku for each in deal.product.variants.all()],
            ]
            for deal in deals.order_by("product__sku")
        ],
        "extensions": list(sale.extensions.order_by("pk").values_list("issued_before", "seconds")),
        "recalls": list(
            sale.recalls.order_by("pk").values_list(
                "made_at", "deal__product__sku", "issued_from", "issued_before"
            )
        ),
    }
    return sha256(json.dumps(terms, cls=DjangoJSONEncoder).encode()).hexdigest()[:24]


def start(slug: str, *, after: int, by: str, terms: str, now: datetime) -> bool:
    """Start a rehearsal in a process of its own; False if it was not started.

    :param after: the number of the last one that the merchant has seen; a form that is sent twice,
        or after another rehearsal was started, starts nothing
    :raises NothingToRehearse: the sale has nothing to rehearse
    :raises OSError: the process could not be started
    """
    folder = _folder(slug)
    folder.mkdir(parents=True, exist_ok=True)
    with _exclusive(folder), (folder / "lock").open("a") as lock:
        if not _acquire(lock):
            return False
        before = _read(folder, is_running=False)
        if before.number != after:
            return False
        run = folder / str(after + 1)
        _create(run, {"at": now.isoformat(), "by": by, "terms": terms, "machine": unix_seconds()})
        try:
            process = _start_process(slug, run, lock, now)
        except Exception:
            shutil.rmtree(run, ignore_errors=True)
            raise
        kept = [run, before.reported.folder] if before.reported else [run]
        for each in folder.iterdir():
            if each.is_dir() and each not in kept:
                shutil.rmtree(each, ignore_errors=True)
    # Keeps its standard input open while it lives.
    Thread(target=isolated_process.wait, args=(process,), daemon=True).start()
    return True


def _start_process(slug: str, run: Path, lock: IO[str], now: datetime) -> "subprocess.Popen[bytes]":
    """The process, which inherits the lock."""
    rows = export_sale(slug, now=now)
    process = isolated_process.start(rows, run, timeout=TIMEOUT, now=now, pass_fds=[lock.fileno()])
    os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
    return process


def _folder(slug: str) -> Path:
    return Path(settings.VAR) / "rehearsals" / slug


def _read(folder: Path, *, is_running: bool) -> Rehearsals:
    runs = list(_runs(folder))
    over = runs[1:] if is_running else runs
    return Rehearsals(
        running=runs[0] if is_running and runs else None,
        reported=next((run for run in over if run.report() is not None), None),
        last=runs[0] if runs else None,
    )


def _runs(folder: Path) -> Iterator[Rehearsal]:
    """All rehearsals in a folder, the last one first."""
    numbers = sorted(int(each.name) for each in folder.iterdir() if each.name.isdigit())
    for number in reversed(numbers):
        run = folder / str(number)
        started = json.loads((run / _STARTED).read_text())
        at = datetime.fromisoformat(started["at"])
        yield Rehearsal(run, number, at, started["by"], started["terms"], started["machine"])


def _create(run: Path, started: dict[str, Any]) -> None:
    """Make a run's folder, atomically with its first file."""
    fresh = run.with_name("new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    (fresh / _STARTED).write_text(json.dumps(started))
    fresh.rename(run)


def _acquire(lock: IO[str]) -> bool:
    """Acquire the lock, unless a rehearsal has it; released when all descriptors are closed."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """One reader or starter at a time: a reader holds the rehearsals' lock for a moment, too."""
    with (folder / "access.lock").open("w") as access:
        fcntl.flock(access, fcntl.LOCK_EX)
        yield
