"""The process in which a sale is rehearsed, isolated from the shop that starts it.

It inherits nothing that the shop is configured with: no key, no database, no
mail server, no Stripe. Settings that shape a price or a promise are passed on.

It ends itself when its time is up, and when its standard input ends: the process
that started it has gone. Its results, or what went wrong, stay in its folder.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from typing import Any
from urllib.parse import quote

from django.conf import settings
from joserfc.jwk import OctKey

from shop.qa.rehearsal.progress import Progress

#: Files in the folder: the input, the scenario that is run, the results, and what went wrong.
ROWS, OPTIONS, PROGRESS = "sale.json", "options.json", "progress.json"
REPORT_JSON, REPORT_HTML, REPORT_TEXT = "report.json", "report.html", "report.txt"
PROBLEM, LOG = "problem.txt", "log.txt"
#: A folder for the database and whatever else the rehearsal writes; it goes when the process ends.
WORK = "work"
_LOOK_EVERY_SECONDS = 0.1

_MACHINE_VARIABLES = (
    *("PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "SYSTEMROOT"),
    *("LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TEMP", "TMP"),
)
#: Settings that shape a price or a promise, and are no secrets.
_SHOP_SETTINGS = (
    *("TIME_ZONE", "SHOP_NAME", "SHOP_CURRENCY", "SHIPPING_FLAT", "SHIPPING_FREE_FROM"),
    *("LIST_HOLD_SECONDS", "LIST_MAX", "CLAIM_SECONDS", "SHOWCASE_MAX_STALE"),
    *("TAX_PERCENT", "TAX_LABEL", "CHARGE_RULES"),
)


class RehearsalFailed(Exception):
    """The rehearsal came to no result; the text says why."""


@dataclass(frozen=True)
class ProcessResult:
    """A rehearsal's report: as text for a terminal, as an HTML page, and as JSON data."""

    text: str
    html: str
    report: dict[str, Any]

    @property
    def is_kept(self) -> bool:
        """Whether every promise was kept."""
        return bool(self.report["kept"])


def run(
    rows: str,
    *,
    timeout: float,
    now: datetime | None = None,
    only: Sequence[str] = (),
    show_progress: Callable[[Progress], None] = lambda progress: None,
) -> ProcessResult:
    """Rehearse the sale in these rows (``sale_export.export_sale``), within ``timeout`` seconds.

    :param now: the shop's time: what is past is not rehearsed; None is before the opening
    :param only: names of scenarios; by default all
    :param show_progress: called with each scenario when it begins
    :raises RehearsalFailed: it took longer, or broke down, or has no such scenario
    """
    with TemporaryDirectory(prefix="rehearsal-") as name:
        folder = Path(name)
        process = start(rows, folder, timeout=timeout, now=now, only=only)
        shown: list[Progress] = []

        def look() -> None:
            progress = progress_of(folder)
            if progress is not None and progress not in shown:
                shown.append(progress)
                show_progress(progress)

        wait(process, look)
        if process.returncode != 0:
            raise RehearsalFailed(problem_of(folder))
        return ProcessResult(
            (folder / REPORT_TEXT).read_text(),
            (folder / REPORT_HTML).read_text(),
            json.loads((folder / REPORT_JSON).read_text()),
        )


def start(
    rows: str,
    folder: Path,
    *,
    timeout: float,
    now: datetime | None = None,
    only: Sequence[str] = (),
    pass_fds: Collection[int] = (),
) -> "subprocess.Popen[bytes]":
    """Start a rehearsal that leaves its results in a folder; the caller has to ``wait`` for it.

    :param pass_fds: descriptors that the process inherits
    :raises OSError: it could not be started
    """
    (folder / ROWS).write_text(rows)
    options = {"now": now.isoformat() if now is not None else None, "only": [*only]}
    (folder / OPTIONS).write_text(json.dumps(options))
    with (folder / LOG).open("w") as log:
        return subprocess.Popen(  # noqa: S603 - our own module, a folder's name and a number
            [sys.executable, "-m", "shop.qa.rehearsal", str(folder), f"{timeout:g}"],
            cwd=settings.BASE_DIR,
            env=environment(folder / WORK),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=pass_fds,
            start_new_session=True,
        )


def wait(process: "subprocess.Popen[bytes]", look: Callable[[], None] = lambda: None) -> None:
    """Wait until a rehearsal ends, and kill any child that it left.

    An exception in between (an interrupt, an exit) ends the rehearsal first.

    :param look: called several times a second meanwhile
    """
    try:
        while process.poll() is None:
            look()
            sleep(_LOOK_EVERY_SECONDS)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def progress_of(folder: Path) -> Progress | None:
    """The scenario that the rehearsal in a folder runs; None before the first one."""
    try:
        return Progress(**json.loads((folder / PROGRESS).read_text()))
    except FileNotFoundError:
        return None


def problem_of(folder: Path) -> str:
    """Why the rehearsal in a folder has no result, in a sentence."""
    try:
        return (folder / PROBLEM).read_text()
    except FileNotFoundError:
        return "It was ended before it was over."


def environment(work: Path) -> dict[str, str]:
    """The environment of the process: keys, mail, and a database in ``work``, of its own."""
    return {
        **{name: os.environ[name] for name in _MACHINE_VARIABLES if name in os.environ},
        **{name: str(getattr(settings, name)) for name in _SHOP_SETTINGS},
        "ENV_FILE": os.devnull,
        "DEBUG": "1",
        "HTTPS": "0",
        "ALLOWED_HOSTS": "localhost",
        "SECRET_KEY": secrets.token_urlsafe(32),
        "OFFER_KEYS": _new_keys(),
        "SITE_KEYS": _new_keys(),
        "OFFER_ISSUER": "http://rehearsal.invalid",
        "VAR": str(work),
        "DATABASE_URL": f"sqlite:///{quote(str(work / 'rehearsal.sqlite3'))}",
        "CACHE_URL": "locmemcache://",
        "EMAIL_URL": "dummymail://",
        "STRIPE_SECRET_KEY": "sk_test_rehearsal",
        "STRIPE_PUBLISHABLE_KEY": "pk_test_rehearsal",
        "STRIPE_WEBHOOK_SECRET": "whsec_rehearsal",
        "QA_CLOCK": "0",
        # No background thread may write while the database is restored.
        "REFUSALS_WRITTEN_EVERY": "0",
        "PYTHONUNBUFFERED": "1",
    }


def _new_keys() -> str:
    key = OctKey.generate_key(256).as_dict(private=True)
    return json.dumps({"keys": [{**key, "kid": "rehearsal", "status": "active"}]})
