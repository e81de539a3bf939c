"""PgBouncer in transaction mode, between the shop and a PostgreSQL server of the tests."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

ROOT = Path(__file__).parents[2]
#: Few, so that clients share the server's connections from the first transaction on.
POOL_SIZE = 4


@contextmanager
def pooler(socket_folder: Path) -> Iterator[str]:
    """Run it before the server whose socket is in a folder; the address without a database."""
    with tempfile.TemporaryDirectory(prefix="flashfreeze-pooler-") as work:
        port = _free_port()
        with _running(_command(socket_folder, Path(work), port), Path(work)) as process:
            _wait_until_up(port, process)
            yield f"postgres://postgres@127.0.0.1:{port}"


def _command(socket_folder: Path, work: Path, port: int) -> list[str]:
    settings = work / "pgbouncer.ini"
    settings.write_text(
        f"""
[databases]
* = host={socket_folder} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {POOL_SIZE}
max_client_conn = 500
"""
    )
    program = subprocess.check_output([ROOT / "bin" / "pgbouncer"], text=True).strip()
    command = [program, "-q", str(settings)]
    if os.geteuid() == 0:
        # It does not run as root, and its user has to reach the socket.
        command[1:1] = ["-u", socket_folder.owner()]
        shutil.chown(work, socket_folder.owner())
    return command


@contextmanager
def _running(command: list[str], work: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with (work / "pgbouncer.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait_until_up(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(100):
        assert process.poll() is None, "PgBouncer has ended"
        try:
            place = f"postgres://postgres@127.0.0.1:{port}/postgres?connect_timeout=5"
            psycopg.connect(place).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("PgBouncer does not answer")
