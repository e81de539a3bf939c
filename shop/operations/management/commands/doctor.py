"""Say what stands in the way of serving, and what is stuck."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from shop.operations.diagnoses import as_json, as_text, can_serve
from shop.operations.doctor import examine


class Command(BaseCommand):
    # Their diagnoses are lines among the others.
    requires_system_checks = []

    help = (
        "Says all that stands in the way of serving, and what needs attention, a line each with "
        "the way out: settings, keys, folders, static files, database, migrations, Stripe, mail, "
        "clock, and what is stuck. Exit status 1 if something stands in the way."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        diagnoses = examine(timezone.now())  # noqa: TID251
        self.stdout.write(as_json(diagnoses) if options["json"] else as_text(diagnoses))
        if not can_serve(diagnoses):
            raise SystemExit(1)
