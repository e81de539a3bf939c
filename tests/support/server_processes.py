"""A shop of several processes, as it runs in the world: servers, commands, one database."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import psycopg
import requests
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[2]
AUTUMN: dict[str, Any] = {
    "slug": "autumn",
    "title": "Autumn",
    "time_zone": "Europe/Berlin",
    "starts_at": "2026-11-27T12:00:00+01:00",
    "ends_at": "2026-11-27T12:15:00+01:00",
    "hold_seconds": 1800,
    "published": True,
    "deals": [
        {
            "sku": "MUG-01",
            "name": "Stoneware mug",
            "list_price": 4990,
            "price": 499,
            "currency": "EUR",
            "stock": 100,
        }
    ],
}


@dataclass
class RunningShop:
    """What is needed to speak to a shop's processes, and to start more of them.

    ``root`` is the checkout whose code they run.
    """

    environment: dict[str, str]
    servers: list[str] = field(default_factory=list)
    root: Path = ROOT

    def manage(self, *command: str, text: str = "") -> str:
        """Run a management command in a process of its own; what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=self.root,
            env=self.environment,
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def load_sale(self, **changes: Any) -> None:
        """The merchant's sale: Autumn, but for what is changed."""
        self.manage("load_sale", "-", text=json.dumps({**AUTUMN, **changes}))

    def travel(self, server: int = 0, **wanted: Any) -> dict[str, Any]:
        """Set the clock by way of one server; its answer."""
        answer = requests.post(f"{self.servers[server]}/qa/clock", json=wanted, timeout=10)
        assert answer.status_code == 200, answer.text
        reading: dict[str, Any] = answer.json()
        return reading

    def run(self, statements: str) -> str:
        """Run Python in a process of the shop; what it printed."""
        return self.manage("shell", "--no-imports", "--command", statements).strip()

    def python(self, statements: str, **settings: str) -> str:
        """Run Python in a process that has nothing but the shop's environment; what it printed."""
        done = subprocess.run(
            [sys.executable, "-c", statements],
            cwd=self.root,
            env={**self.environment, "DJANGO_SETTINGS_MODULE": "shop.settings", **settings},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextmanager
    def command(self, *command: str) -> Iterator[Callable[[], str]]:
        """A management command that goes on until the test is done; tells what it has printed."""
        with (
            tempfile.NamedTemporaryFile() as printed,
            _running([sys.executable, "manage.py", *command], self.environment, self.root, printed),
        ):
            yield Path(printed.name).read_text

    @contextmanager
    def server(self, threads: int = 2, **settings: str) -> Iterator[str]:
        """One more web process as ``serve`` runs it, with settings of its own; its address."""
        port = _free_port()
        given = (f"--port={port}", "--host=127.0.0.1", "--workers=1", f"--threads={threads}")
        command = [sys.executable, "-P", "-m", "shop.operations.web_server", *given]
        environment = {**self.environment, "PYTHONPATH": str(self.root), **settings}
        with _running(command, environment, self.root) as process:
            _wait_until_up(f"http://127.0.0.1:{port}/healthz", process)
            yield f"http://127.0.0.1:{port}"


@contextmanager
def running_shop(folder: Path, stripe_base: str, **settings: str) -> Iterator[RunningShop]:
    """Two web processes of one shop with QA_CLOCK on, with the sale Autumn in their database."""
    shop = RunningShop(shop_environment(folder, stripe_base, **settings))
    shop.manage("migrate", "--verbosity", "0")
    shop.load_sale()
    with ExitStack() as stack:
        shop.servers = [stack.enter_context(shop.server()) for _ in range(2)]
        yield shop


def shop_environment(folder: Path, stripe_base: str, **settings: str) -> dict[str, str]:
    """Settings of a shop with QA_CLOCK on and a database of its own, that is empty."""
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        "VAR": str(folder),
        "TIME_ZONE": "Europe/Berlin",
        "STRIPE_API_BASE": stripe_base,
        # Other shops of this run share the stand-in: their payments are not this one's.
        "OFFER_ISSUER": f"http://{folder.name.replace('_', '-')}.invalid",
        "QA_CLOCK": "1",
        "PYTHONUNBUFFERED": "1",
        **settings,
    }
    if url := os.environ.get("DATABASE_URL"):
        environment["DATABASE_URL"] = _new_database(url)
    return environment


@dataclass
class Visitor:
    """A browser without scripts that may ask any server of the shop: cookies know no ports."""

    session: requests.Session = field(default_factory=requests.Session)

    def open(self, address: str) -> BeautifulSoup:
        answer = self.session.get(address, timeout=10)
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
        return BeautifulSoup(answer.text, "html.parser")

    def send(self, address: str, data: dict[str, Any]) -> requests.Response:
        headers = {"Sec-Fetch-Site": "same-origin"}
        return self.session.post(address, data, headers=headers, timeout=20, allow_redirects=False)

    def offer(self, server: str, path: str = "/sales/autumn/") -> str:
        """The signed message of the mug, as a page shows it now."""
        [message] = self.open(f"{server}{path}").select("[data-deal] input[name=offer]")
        return str(message["value"])


def _new_database(url: str) -> str:
    before, _, _ = url.rpartition("/")
    # Several runs of the tests may share a server.
    name = f"qa_{uuid4().hex}"
    folder = before.partition("@/")[2]
    with psycopg.connect(host=folder, user="postgres", dbname="postgres", autocommit=True) as to:
        to.execute(f'CREATE DATABASE "{name}"')
    return f"{before}/{name}"


@contextmanager
def _running(
    command: list[str],
    environment: dict[str, str],
    root: Path,
    output: IO[bytes] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, cwd=root, env=environment, stdout=output)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait_until_up(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.clock_gettime(time.CLOCK_MONOTONIC) + 20
    while True:
        assert process.poll() is None, "the server has ended"
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            if time.clock_gettime(time.CLOCK_MONOTONIC) > deadline:
                raise
        time.sleep(0.05)
