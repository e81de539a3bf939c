"""The theatre: a process with an environment of its own, in which a sale is rehearsed.

It inherits nothing that the shop is configured with: no key, no database, no
mail server, no Stripe. What shapes a price or a promise is passed on by name.
"""

import json
import os
import secrets
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from joserfc.jwk import OctKey

from shop.core.machine_clock import monotonic_seconds
from shop.qa.rehearsal.__main__ import FOUND, PICTURE, TABLE

#: What any process needs of the machine it runs on.
_OF_THE_MACHINE = (
    *("PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "SYSTEMROOT"),
    *("LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TEMP", "TMP"),
)
#: What shapes a price or a promise, and is no secret.
_OF_THE_SHOP = (
    *("TIME_ZONE", "SHOP_NAME", "SHOP_CURRENCY", "SHIPPING_FLAT", "SHIPPING_FREE_FROM"),
    *("LIST_HOLD_SECONDS", "LIST_MAX", "CLAIM_SECONDS", "SHOWCASE_MAX_STALE"),
    *("TAX_PERCENT", "TAX_LABEL", "CHARGE_RULES"),
)


#: How long the process may take to end once nobody waits for it, in seconds.
_TIME_TO_END = 5


class RehearsalFailed(Exception):
    """The rehearsal itself came to no end; the text says how."""


@dataclass(frozen=True)
class ProcessResult:
    """What a rehearsal found: a table for terminals, a page with a picture, and all as data."""

    table: str
    picture: str
    found: dict[str, Any]

    @property
    def is_kept(self) -> bool:
        """Whether every promise was kept."""
        return bool(self.found["kept"])


def run(rows: str, *, timeout: float) -> ProcessResult:
    """Rehearse the sale in these rows (``script.read_script``) in a process of its own.

    :param timeout: how long it may take, in seconds
    :raises RehearsalFailed: it took longer, or the process broke down
    """
    with TemporaryDirectory(prefix="rehearsal-") as name:
        folder = Path(name)
        errors = folder / "errors.txt"
        with errors.open("w") as log:
            process = subprocess.Popen(  # noqa: S603 - our own module, and a folder's name
                [sys.executable, "-m", "shop.qa.rehearsal", name],
                cwd=settings.BASE_DIR,
                env=environment(folder),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                text=True,
            )
        try:
            assert process.stdin is not None
            process.stdin.write(rows + "\n")
            process.stdin.flush()
            _wait(process, timeout)
        except BrokenPipeError:
            process.wait()
        finally:
            _end(process)
        if process.returncode != 0:
            raise RehearsalFailed(f"The rehearsal broke down: {_last_words(errors)}")
        return ProcessResult(
            (folder / TABLE).read_text(),
            (folder / PICTURE).read_text(),
            json.loads((folder / FOUND).read_text()),
        )


def environment(folder: Path) -> dict[str, str]:
    """The environment of the process: keys, database and mail are its own and go with it."""
    key = OctKey.generate_key(256).as_dict(private=True)
    keys = {"keys": [{**key, "kid": "rehearsal", "status": "active"}]}
    return {
        **{name: os.environ[name] for name in _OF_THE_MACHINE if name in os.environ},
        **{name: str(getattr(settings, name)) for name in _OF_THE_SHOP},
        "ENV_FILE": os.devnull,
        "DEBUG": "1",
        "HTTPS": "0",
        "ALLOWED_HOSTS": "localhost",
        "SECRET_KEY": secrets.token_urlsafe(32),
        "OFFER_KEYS": json.dumps(keys),
        "OFFER_ISSUER": "http://rehearsal.invalid",
        "VAR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'rehearsal.sqlite3'}",
        "CACHE_URL": "locmemcache://",
        "EMAIL_URL": "dummymail://",
        "STRIPE_SECRET_KEY": "sk_test_rehearsal",
        "STRIPE_PUBLISHABLE_KEY": "pk_test_rehearsal",
        "STRIPE_WEBHOOK_SECRET": "whsec_rehearsal",
        "QA_CLOCK": "0",
        # Not by a thread at its own time: the database is set back again and again.
        "REFUSALS_WRITTEN_EVERY": "0",
        "PYTHONUNBUFFERED": "1",
    }


def _wait(process: "subprocess.Popen[str]", timeout: float) -> None:
    """Wait for a process, by the machine's clock: the caller's may be frozen."""
    deadline = monotonic_seconds() + timeout
    while process.poll() is None:
        if monotonic_seconds() > deadline:
            raise RehearsalFailed(f"The rehearsal took longer than {timeout:g} s.")
        time.sleep(0.05)


def _end(process: "subprocess.Popen[str]") -> None:
    """Let the process know that nobody waits for it any more; it ends its stand-in and itself."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.close()
    try:
        _wait(process, _TIME_TO_END)
    except RehearsalFailed:
        process.kill()
        process.wait()


def _last_words(errors: Path) -> str:
    lines = errors.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing."
