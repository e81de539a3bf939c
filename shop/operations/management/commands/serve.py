"""Serve the shop: the start in production."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.utils import timezone

from shop.core.exposure import refusal_to_listen
from shop.operations.doctor import obstacles
from shop.operations.ports import PortUnusable, listen


class Command(BaseCommand):
    # Those that stand in the way are lines among the other obstacles.
    requires_system_checks = []

    help = (
        "Serves the shop's pages, until stopped by SIGTERM or Ctrl-C: what was begun is answered "
        "first. Starts only where nothing stands in the way, and on a port of its own; doctor "
        "says more."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen at")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--workers", type=int, default=1, help="processes; one for each core (default: 1)"
        )
        parser.add_argument(
            "--threads", type=int, default=8, help="checkouts that each process works on at a time"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # Before it listens there, be it for a moment.
        if problem := refusal_to_listen(settings.DEVELOPMENT_SETTINGS, options["host"]):
            raise CommandError(problem)
        try:
            listen(options["host"], options["port"]).close()
        except PortUnusable as error:
            raise CommandError(str(error)) from None
        found = obstacles(timezone.now())  # noqa: TID251
        if found:
            for each in found:
                self.stderr.write(each.line)
            raise CommandError("Not started: mend what is in the way first.")
        connections.close_all()
        names = ("host", "port", "workers", "threads")
        arguments = [f"--{name}={options[name]}" for name in names]
        # A new program in this process: workers are copies of it, and have nothing open.
        path = os.pathsep.join(filter(None, [str(settings.BASE_DIR), os.environ.get("PYTHONPATH")]))
        program = [sys.executable, "-P", "-m", "shop.operations.web_server", *arguments]
        os.execve(program[0], program, {**os.environ, "PYTHONPATH": path})  # noqa: S606
