"""Load a sale from a JSON document."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from django.utils import timezone

from shop.sales.documents.json_reader import DocumentError
from shop.sales.documents.loader import load_sale, warnings_of
from shop.sales.documents.schema import read_document


class Command(BaseCommand):
    help = (
        "Create or update a sale, its products and its deals from one JSON document. "
        "All or nothing, and the same document again changes nothing. A deal that a later "
        "document leaves out is withdrawn, `published` left out means false; offers that are "
        "out stay honored whatever is loaded."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the document's path; - reads standard input")

    def handle(self, *args: Any, file: str, **options: Any) -> None:
        now = timezone.now()  # noqa: TID251
        try:
            document = read_document(_content(file))
            changes = load_sale(document, now=now)
        except DocumentError as error:
            raise CommandError(str(error)) from None
        except OperationalError as error:
            raise CommandError(f"The database: {error}. Nothing was written.") from None
        for warning in warnings_of(document, now=now):
            self.stderr.write(self.style.WARNING(f"Loaded, but {warning}"))
        for change in changes or ["Nothing changed."]:
            self.stdout.write(change)


def _content(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from None
