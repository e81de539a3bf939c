"""Whether the database hangs, as this process sees it.

A statement may take long, and wait for others. But where no thread of a process gets any
answer, and not even a new connection answers a trivial question, the database hangs. Then
all that wait for it are interrupted, and whoever needs it fails at once, so that threads
stay free for pages that do not; a probe goes on to ask until it answers.
"""

import logging
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from threading import Event, Lock, Thread
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.errors import ConnectionTimeout, _WaitTimeout

from shop.core.machine_clock import monotonic_seconds

#: For how long nobody has got an answer when the database is probed.
SILENCE_SECONDS = 0.5
#: For how long the probe gets no answer when the database counts as hanging.
PROBE_SECONDS = 1.0
#: libpq takes nothing shorter.
CONNECT_SECONDS = 2

type _Connection = psycopg.Connection[Any]

logger = logging.getLogger(__name__)


class HangDetector:
    """Knows who waits for the database, and since when."""

    def __init__(self) -> None:
        self._parameters: dict[str, Any] = {}
        self.reset()

    def reset(self) -> None:
        """Forget everything but how to connect."""
        self.is_hanging = False
        self._lock = Lock()
        self._waits: dict[object, tuple[float, _Connection | None]] = {}
        self._somebody_waits = Event()
        self._answered_at = float("-inf")
        self._watch: Thread | None = None

    def connect_by(self, parameters: Mapping[str, Any]) -> None:
        """Probe the database by these parameters of a connection."""
        limits = {"connect_timeout": CONNECT_SECONDS, "autocommit": True}
        self._parameters = {**parameters, **limits}

    @contextmanager
    def waiting(self, connection: _Connection | None) -> Iterator[None]:
        """Within the block, a thread waits for an answer.

        :param connection: None while it connects
        :raises psycopg.OperationalError: the database hangs
        """
        wait = object()
        self._begin(wait, connection)
        try:
            yield
        except psycopg.Error as error:
            if error.sqlstate is not None:
                self._answered_at = monotonic_seconds()
            raise
        else:
            self._answered_at = monotonic_seconds()
        finally:
            with self._lock:
                del self._waits[wait]

    def _begin(self, wait: object, connection: _Connection | None) -> None:
        with self._lock:
            if self.is_hanging:
                raise psycopg.OperationalError("The database does not answer.")
            self._waits[wait] = monotonic_seconds(), connection
            if not self._somebody_waits.is_set():
                self._somebody_waits.set()
            if self._watch is None:
                self._watch = Thread(target=self._go_on_watching, name="hangs", daemon=True)
                self._watch.start()

    def _go_on_watching(self) -> None:
        while True:
            self._somebody_waits.wait()
            time.sleep(SILENCE_SECONDS / 2)
            with self._lock:
                if not self._waits:
                    self._somebody_waits.clear()
            if self._is_silent():
                self._probe()

    def _is_silent(self) -> bool:
        with self._lock:
            first = min((began for began, _ in self._waits.values()), default=float("inf"))
        return monotonic_seconds() - max(first, self._answered_at) >= SILENCE_SECONDS

    def _probe(self) -> None:
        probe = _Probe(self._parameters)
        probe.join(PROBE_SECONDS)
        if not probe.is_alive():
            # It was answered, or refused: nobody waits for nothing.
            self._answered_at = monotonic_seconds()
        elif self._is_silent():
            self._fail_until_answered(probe)

    def _fail_until_answered(self, probe: "_Probe") -> None:
        began = monotonic_seconds()
        logger.error("The database does not answer: whoever needs it fails until it does")
        self._interrupt_all()
        probe.join()
        while probe.has_timed_out:
            probe = _Probe(self._parameters)
            probe.join()
        self.is_hanging = False
        logger.warning("The database answers again, after %.0f s", monotonic_seconds() - began)

    def _interrupt_all(self) -> None:
        """End the connections of all that wait: nothing else wakes a thread that waits."""
        with self._lock:
            self.is_hanging = True
            for _, connection in self._waits.values():
                if connection is not None:
                    with suppress(OSError, psycopg.Error):
                        _shut_down(connection)


class _Probe(Thread):
    """A trivial question on a connection of its own; it begins at once."""

    def __init__(self, parameters: dict[str, Any]) -> None:
        super().__init__(name="probe of the database", daemon=True)
        self.has_timed_out = False
        self._parameters = parameters
        self.start()

    def run(self) -> None:
        try:
            # Closed without a farewell: to leave a block of a connection waits for a rollback.
            with closing(_ProbeConnection.connect(**self._parameters)) as connection:
                connection.execute("SELECT 1")
        except (ConnectionTimeout, _WaitTimeout):
            self.has_timed_out = True
        except psycopg.Error:
            # It is refused at once, as all others are: nobody has to wait.
            return


class _ProbeConnection(psycopg.Connection[Any]):
    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        return super().wait(gen, interval, PROBE_SECONDS)


def _shut_down(connection: _Connection) -> None:
    with socket.socket(fileno=os.dup(connection.pgconn.socket)) as its_socket:
        its_socket.shutdown(socket.SHUT_RDWR)


detector = HangDetector()
os.register_at_fork(after_in_child=detector.reset)
