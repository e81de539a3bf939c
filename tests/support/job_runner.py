"""A process that boots Django once on the test's database, and does one job a line."""

import json
import subprocess
import sys
from types import ModuleType
from typing import Any

from django.conf import settings
from django.db import connection


class JobRunner:
    """Runs the script of a module until it is stopped."""

    def __init__(self, script: ModuleType, mailer: dict[str, Any]) -> None:
        command = [sys.executable, str(script.__file__), str(connection.settings_dict["NAME"])]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._mailer = mailer
        assert self._read() == "ready"

    def run(self, **job: Any) -> str:
        """Have a job done under the settings of the test; the line that answers it."""
        names = (
            "OFFER_KEYS",
            "SITE_KEYS",
            "STORAGES",
            "STRIPE_API_BASE",
            "STRIPE_SECRET_KEY",
            "UNPAID_PER_NETWORK",
        )
        job["settings"] = {
            **{name: getattr(settings, name) for name in names},
            "ALLOWED_HOSTS": ["testserver"],
            "ASIDE_THREADS": 0,
            "MAILERS": {"default": self._mailer},
        }
        assert self._process.stdin is not None
        print(json.dumps(job), file=self._process.stdin, flush=True)
        return self._read()

    def stop(self) -> None:
        self._process.communicate(timeout=30)

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()
