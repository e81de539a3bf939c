"""Rehearse a sale: what shoppers see and what checkout answers at every boundary of it."""

import json
import os
import signal
import sys
import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from shop.qa.rehearsal.isolated_process import ProcessResult, RehearsalFailed, run
from shop.qa.rehearsal.sale_export import NothingToRehearse, export_sale

BROKEN = 1
MISUSED = 2


class Command(BaseCommand):
    help = (
        "Rehearse a sale under a clock that is moved: the real pages, bag, checkout and payment, "
        "at every boundary, against what the pages promise. The sale's rows are read once; "
        "nothing is written, and the shop goes on selling. Exit status 1: a promise was broken; "
        "2: it could not be rehearsed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("sale", metavar="sale-slug", help="the sale's slug; a draft will do")
        parser.add_argument("--html", metavar="FILE", type=Path, help="draw a timeline")
        parser.add_argument("--json", metavar="FILE", type=Path, help="write what was found")
        parser.add_argument(
            "--timeout", metavar="SECONDS", type=float, default=120, help="give up after (120)"
        )
        parser.add_argument(
            "--attended", action="store_true", help="give up when standard input ends"
        )

    def handle(
        self,
        *args: Any,
        sale: str,
        html: Path | None,
        json: Path | None,
        timeout: float,
        attended: bool,
        **options: Any,
    ) -> None:
        if attended:
            threading.Thread(target=_end_with_audience, daemon=True).start()
        try:
            for file in (html, json):
                _check_writable(file)
            with _ending_cleanly():
                outcome = run(export_sale(sale), timeout=timeout)
            _write(outcome, html, json)
        except (NothingToRehearse, RehearsalFailed) as problem:
            raise CommandError(str(problem), returncode=MISUSED) from None
        except OperationalError as error:
            raise CommandError(f"The database: {error}.", returncode=MISUSED) from None
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}", returncode=MISUSED) from None
        self.stdout.write(outcome.table, ending="")
        if not outcome.is_kept:
            raise CommandError("Promises were broken.", returncode=BROKEN)


@contextmanager
def _ending_cleanly() -> Iterator[None]:
    """Leave no process behind when this one is asked to end."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(MISUSED))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end_with_audience() -> None:
    """Be asked to end as soon as nobody keeps standard input open any more, whatever ended them."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _check_writable(file: Path | None) -> None:
    """Said at once, not when all is done.

    :raises OSError: it cannot be written there
    """
    if file is not None:
        file.open("a").close()


def _write(outcome: ProcessResult, html: Path | None, found: Path | None) -> None:
    if html is not None:
        html.write_text(outcome.picture)
    if found is not None:
        found.write_text(json.dumps(outcome.found, indent=1) + "\n")
