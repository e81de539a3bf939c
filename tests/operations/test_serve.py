"""``manage.py serve``: a start that refuses what cannot serve, and a server that stops gently."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from shop.operations.ports import is_free
from tests.operations.test_doctor import closed_port, manage

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"

type Server = "subprocess.Popen[str]"


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """A shop of its own, on SQLite."""
    return {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "VAR": str(folder), **settings}


@contextmanager
def running(command: list[str], folder: Path, **settings: str) -> Iterator[Server]:
    surroundings = environment(folder, **settings)
    process = subprocess.Popen(
        command, cwd=ROOT, env=surroundings, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=10)
        assert process.stderr is not None
        process.stderr.close()


def web_server(port: int, workers: int = 1) -> list[str]:
    """What ``serve`` becomes, once it has found that nothing is in the way."""
    given = (f"--host={HOST}", f"--port={port}", f"--workers={workers}", "--threads=2")
    return [sys.executable, "-m", "shop.operations.web_server", *given]


def granian(port: int) -> list[str]:
    """Another server, which would share a port."""
    given = ("--host", HOST, "--port", str(port), "--log-level", "error", "shop.wsgi:application")
    return [str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", *given]


def wait_for(happened: Callable[[], bool], seconds: float = 15) -> None:
    """Wait until something is so."""
    for _ in range(int(seconds * 20)):
        if happened():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def is_up(port: int) -> bool:
    try:
        return requests.get(f"http://{HOST}:{port}/healthz", timeout=20).status_code == 200
    except requests.RequestException:
        return False


def children(process: int) -> list[int]:
    """The worker processes of a server."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(each) for each in listed.split()]


def test_what_cannot_serve_is_not_started(tmp_path: Path) -> None:
    done = manage("serve", f"--port={closed_port()}", VAR=str(tmp_path))
    assert done.returncode == 1
    in_the_way, closing = done.stderr.splitlines()
    assert in_the_way.startswith("in the way  The database lacks ")
    assert in_the_way.endswith("Run: manage.py migrate")
    assert closing == "CommandError: Not started: mend what is in the way first."


def test_a_second_server_on_the_port_is_refused_and_the_first_serves_on(tmp_path: Path) -> None:
    port = closed_port()
    with running(web_server(port), tmp_path) as first:
        wait_for(lambda: is_up(port))
        for second in (granian(port), web_server(port)):
            done = subprocess.run(
                second, cwd=ROOT, env=environment(tmp_path), capture_output=True, check=False
            )
            assert done.returncode != 0, second
        assert b"is taken by another process" in done.stderr
        assert is_up(port)
        first.terminate()
        assert first.wait(timeout=10) == 0
    assert is_free(HOST, port)


def test_what_was_begun_is_answered_before_it_stops(tmp_path: Path) -> None:
    port = closed_port()
    with running(web_server(port), tmp_path) as server:
        wait_for(lambda: is_up(port), seconds=30)
        with socket.create_connection((HOST, port)) as client:
            client.settimeout(10)
            client.sendall(
                b"POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\na"
            )
            time.sleep(0.5)
            server.terminate()
            wait_for(lambda: not is_up(port))
            client.sendall(b"b")
            # It takes no such method, and says so.
            assert client.recv(1000).startswith(b"HTTP/1.1 40")
        assert server.wait(timeout=10) == 0


@pytest.mark.verify
def test_the_whole_start_serves_until_it_is_stopped(tmp_path: Path) -> None:
    assert manage("migrate", "-v0", VAR=str(tmp_path)).returncode == 0
    port = closed_port()
    with running([sys.executable, "manage.py", "serve", f"--port={port}"], tmp_path) as server:
        wait_for(lambda: is_up(port))
        assert requests.get(f"http://{HOST}:{port}/readyz", timeout=5).json()["schema"] == "ok"
        server.terminate()
        assert server.wait(timeout=10) == 0


@pytest.mark.verify
def test_a_worker_that_is_killed_is_replaced_and_nobody_is_refused(tmp_path: Path) -> None:
    port = closed_port()
    with running(web_server(port, workers=2), tmp_path) as server:
        wait_for(lambda: is_up(port))
        wait_for(lambda: len(children(server.pid)) == 2)
        killed, other = children(server.pid)
        os.kill(killed, signal.SIGKILL)
        for _ in range(40):
            assert is_up(port)
            time.sleep(0.05)
        wait_for(lambda: len(set(children(server.pid)) - {killed, other}) == 1)


@pytest.mark.verify
def test_workers_end_with_a_server_that_is_killed_and_the_port_is_free(tmp_path: Path) -> None:
    port = closed_port()
    with running(web_server(port, workers=2), tmp_path) as server:
        wait_for(lambda: is_up(port))
        server.kill()
        wait_for(lambda: is_free(HOST, port))
