"""Rehearse a sale: what shoppers see and what checkout answers at every boundary of it."""

import signal
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from json import dumps
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from django.utils import timezone

from shop.qa.rehearsal.isolated_process import RehearsalFailed, run
from shop.qa.rehearsal.progress import Progress
from shop.qa.rehearsal.sale_export import NothingLeft, NothingToRehearse, export_sale

#: Exit statuses: a promise was broken, it could not be rehearsed, or nothing is left to rehearse.
BROKEN, MISUSED, OVER = 1, 2, 3
#: How long a rehearsal may take, in seconds.
TIMEOUT = 300


class Command(BaseCommand):
    help = (
        "Rehearse a sale under a clock that is moved: the real pages, bag, checkout and payment, "
        "at every boundary, against what the pages promise. The sale's rows are read once; "
        "nothing is written, and the shop goes on selling. Exit status 1: a promise was broken; "
        "2: it could not be rehearsed; 3: the sale is over, and so is its last hold."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("sale", metavar="sale-slug", help="the sale's slug; a draft will do")
        parser.add_argument("--html", metavar="FILE", type=Path, help="write a page with timelines")
        parser.add_argument("--json", metavar="FILE", type=Path, help="write the results as data")
        parser.add_argument(
            "--only",
            metavar="NAME",
            nargs="+",
            action="extend",
            default=[],
            help="only the scenarios of these names",
        )
        parser.add_argument(
            "--timeout",
            metavar="SECONDS",
            type=float,
            default=TIMEOUT,
            help=f"give up after ({TIMEOUT})",
        )

    def handle(
        self,
        *args: Any,
        sale: str,
        html: Path | None,
        json: Path | None,
        only: Sequence[str],
        timeout: float,
        **options: Any,
    ) -> None:
        now = timezone.now()  # noqa: TID251
        # An exit that ends the rehearsal, too.
        previous = signal.signal(signal.SIGTERM, lambda *_: sys.exit(MISUSED))
        try:
            for file in filter(None, (html, json)):
                file.open("a").close()  # fails before the rehearsal, not after it
            result = run(
                export_sale(sale, now=now),
                timeout=timeout,
                now=now,
                only=only,
                show_progress=self._show_progress,
            )
            if html is not None:
                html.write_text(result.html)
            if json is not None:
                json.write_text(dumps(result.report, indent=1) + "\n")
        except NothingLeft as problem:
            raise CommandError(str(problem), returncode=OVER) from None
        except NothingToRehearse as problem:
            raise CommandError(str(problem), returncode=MISUSED) from None
        except RehearsalFailed as problem:
            raise CommandError(f"No result. {problem}", returncode=MISUSED) from None
        except OperationalError as error:
            raise CommandError(f"The database: {error}.", returncode=MISUSED) from None
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}", returncode=MISUSED) from None
        finally:
            signal.signal(signal.SIGTERM, previous)
        self.stdout.write(result.text, ending="")
        if not result.is_kept:
            raise CommandError("Promises were broken.", returncode=BROKEN)

    def _show_progress(self, progress: Progress) -> None:
        """Say on standard error which scenario is run."""
        broken = f" ({progress.broken} broken so far)" if progress.broken else ""
        line = f"{progress.number} of {progress.total}: {progress.title}{broken}"
        self.stderr.write(line, style_func=str)
