"""A shop as it runs in production: its server's processes, with a database of their own.

``root`` is the checkout whose code they run, so that two of them can be measured in turn.
"""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from shop.operations.ports import listen
from tests.support.server_processes import ROOT, RunningShop

HOST = "127.0.0.1"
SLUG = "rush"
DEALS = 24
#: What no bound of a network's is meant for: all shoppers are on one machine.
UNBOUNDED = {"NETWORK_RATE": "0", "UNPAID_PER_NETWORK": "0"}
_PROGRAM = Path(__file__).parent / "served" / "server.py"
_START_SECONDS = 30
_STOP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Server:
    """A server that listens, as the processes that the system knows."""

    port: int
    pid: int

    @property
    def address(self) -> str:
        """Where it is, without a slash."""
        return f"http://{HOST}:{self.port}"

    @property
    def workers(self) -> list[int]:
        """The processes that answer."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(child) for child in children.split()]

    def processor_seconds(self) -> float:
        """What all its processes have computed since they began, system calls included."""
        return sum(time.clock_gettime(_clock_of(pid)) for pid in (self.pid, *self.workers))

    def megabytes_per_worker(self) -> float:
        """Memory that a worker occupies, as ``ps`` shows it (RSS); the mean of all."""
        pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.workers]
        return sum(pages) / len(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _clock_of(pid: int) -> int:
    """The id of a process's processor clock, as clock_getcpuclockid(3) gives it on Linux."""
    return (~pid << 3) | 2


class ServedShop:
    """A live sale of 24 deals for any number of shoppers, in a database that was empty.

    Settings are those of the environment, but for what is named here.
    """

    def __init__(self, folder: Path, database_url: str, stripe_base: str, root: Path = ROOT):
        self._root = root
        self._log = folder / "server.log"
        self._environment = {
            **os.environ,
            **UNBOUNDED,
            "VAR": str(folder),
            "DATABASE_URL": database_url,
            # Shops of one run share the stand-in: their payments are not each other's.
            "OFFER_ISSUER": f"http://{folder.name}.invalid",
            "EMAIL_URL": f"filemail:///{folder}/mails",
            "PYTHONPATH": str(root),
            "STRIPE_API_BASE": stripe_base,
            "STRIPE_SECRET_KEY": "sk_test_benchmark",
            "STRIPE_PUBLISHABLE_KEY": "pk_test_benchmark",
            "STRIPE_WEBHOOK_SECRET": "whsec_benchmark",
        }
        (folder / "static").mkdir(parents=True)
        self._fill(RunningShop(self._environment, root=root))

    @contextmanager
    def server(self, workers: int) -> Iterator[Server]:
        """As ``manage.py serve`` runs it, until the block ends."""
        with listen(HOST, 0) as free:
            port = free.getsockname()[1]
        options = (f"--host={HOST}", f"--port={port}", f"--workers={workers}", "--threads=8")
        with self._log.open("w") as log:
            process = subprocess.Popen(
                [sys.executable, str(_PROGRAM), *options],
                cwd=self._root,
                env=self._environment,
                stderr=log,
            )
        try:
            server = Server(port, process.pid)
            _wait_until_ready(server, process)
            yield server
        except AssertionError as error:
            error.add_note(f"The server said:\n{self._log.read_text()[-4000:]}")
            raise
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    def _fill(self, shop: RunningShop) -> None:
        shop.manage("migrate", "--verbosity", "0")
        # No page that is measured links to a script of Django's admin, and there are many.
        quietly = ("--noinput", "--verbosity", "0", "--ignore", "admin/js/*")
        shop.manage("collectstatic", *quietly)
        now = timezone.now().replace(microsecond=0)
        shop.load_sale(
            slug=SLUG,
            title="Rush",
            starts_at=(now - timedelta(minutes=5)).isoformat(),
            ends_at=(now + timedelta(hours=6)).isoformat(),
            deals=[
                {
                    "sku": f"RUSH-{number:02d}",
                    "name": f"Mug number {number}",
                    "list_price": 4990,
                    "price": 499,
                    "currency": "EUR",
                    "stock": 1_000_000,
                    "allocation": 900_000,
                    # Some thousand shoppers of ours pay with the same three cards.
                    "max_per_shopper": 900_000,
                }
                for number in range(DEALS)
            ],
        )


def _wait_until_ready(server: Server, process: subprocess.Popen[bytes]) -> None:
    """:raises AssertionError: it has ended, or is not ready in time"""
    for _ in range(_START_SECONDS * 20):
        assert process.poll() is None, "The server has ended."
        try:
            with urllib.request.urlopen(f"{server.address}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"The server is not ready after {_START_SECONDS} s.")
