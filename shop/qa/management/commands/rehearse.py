"""Rehearse a sale: what shoppers see and what checkout answers at every boundary of it."""

import signal
import sys
from argparse import ArgumentParser
from json import dumps
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from shop.qa.rehearsal.isolated_process import RehearsalFailed, run
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
        parser.add_argument("--html", metavar="FILE", type=Path, help="write a page with timelines")
        parser.add_argument("--json", metavar="FILE", type=Path, help="write the results as data")
        parser.add_argument(
            "--timeout", metavar="SECONDS", type=float, default=120, help="give up after (120)"
        )

    def handle(
        self,
        *args: Any,
        sale: str,
        html: Path | None,
        json: Path | None,
        timeout: float,
        **options: Any,
    ) -> None:
        # An exit that ends the rehearsal, too.
        previous = signal.signal(signal.SIGTERM, lambda *_: sys.exit(MISUSED))
        try:
            for file in filter(None, (html, json)):
                file.open("a").close()  # fails before the rehearsal, not after it
            result = run(export_sale(sale), timeout=timeout)
            if html is not None:
                html.write_text(result.html)
            if json is not None:
                json.write_text(dumps(result.report, indent=1) + "\n")
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
