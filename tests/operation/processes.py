"""The shop's processes, kept as systemd keeps them: started, killed, started again, all ended."""

import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from shop.core.machine_clock import monotonic_seconds
from tests.operation.installation import Command

#: `RestartSec` of the documented units.
RESTART_SECONDS = 2


class Process:
    """One process by a command that may change, and its log."""

    def __init__(self, name: str, command: Callable[[], Command], log: Path) -> None:
        self.name, self.log = name, log
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_up(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; what it writes is added to its log."""
        assert not self.is_up, f"{self.name} runs already"
        with self.log.open("ab") as output:
            self._process = self._command().start(output)

    def stop(self) -> None:
        """End it gently, and then not."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill it and its children where they are."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(20)

    def reload(self) -> None:
        """Let it read its configuration again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def restart(self) -> None:
        """End it and start it again, as an upgrade does."""
        self.stop()
        self.start()

    def tail(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-3000:]


class Processes:
    """All processes of the story, by name, ended together."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        logs.mkdir(parents=True, exist_ok=True)
        self._by_name: dict[str, Process] = {}

    def start(self, name: str, command: Callable[[], Command]) -> None:
        """Start a process under a name, by a command that is made anew each time."""
        process = self._by_name[name] = Process(name, command, self._logs / f"{name}.log")
        process.start()

    def run(self, name: str, command: Command) -> None:
        """Run a process to its end.

        :raises AssertionError: it failed
        """
        log = self._logs / f"{name}.log"
        with log.open("ab") as output:
            status = command.start(output).wait(120)
        assert status == 0, f"{name} ended with {status}: {log.read_text()[-2000:]}"

    def __getitem__(self, name: str) -> Process:
        return self._by_name[name]

    def stop_all(self) -> None:
        """End all, the newest first."""
        for process in reversed(list(self._by_name.values())):
            process.stop()

    def logs(self) -> dict[str, str]:
        """What each process wrote."""
        return {path.stem: path.read_text(errors="replace") for path in self._logs.glob("*.log")}


def wait_until(what: str, is_so: Callable[[], bool], *, within: float = 60) -> float:
    """Wait until something is so; the seconds that it took.

    :raises AssertionError: it is not so in time
    """
    began = monotonic_seconds()
    while not is_so():
        took = monotonic_seconds() - began
        assert took < within, f"{what}: not within {within:.0f} s"
        time.sleep(0.1)
    return monotonic_seconds() - began


def answers(url: str) -> bool:
    """Whether an address answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM unwind this process, so that it ends what it has started."""

    def unwind(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, unwind)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
