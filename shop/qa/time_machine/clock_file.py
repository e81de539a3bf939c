"""What time it is in the shop: one small file, which every process reads whenever it asks.

The file says which instant it was in the shop at which real one, and whether
time runs on from there; without a file the shop's time is real. It is replaced
as a whole, so a reader finds the old one or the new one, and it is read each
time anybody asks for the time: when a change has returned, every process obeys.

A file and not a row, because then a page view still runs no query, the clock
goes on while the database is away, and no copy of a database carries a false
time into another shop. Processes on several machines share it by sharing the
folder that ``QA_CLOCK_FILE`` lies in.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from shop.core.machine_clock import machine_time
from shop.core.wall_time import is_in_range


class OutOfRange(ValueError):
    """The clock does not go there: sales are from 2000 to 2999."""


@dataclass(frozen=True, slots=True)
class Clock:
    """It was ``at`` in the shop when it was ``since`` in the world."""

    at: datetime
    since: datetime
    is_running: bool

    def time(self, real: datetime) -> datetime:
        """The shop's time at a real instant."""
        return self.at + (real - self.since) if self.is_running else self.at


@dataclass(frozen=True, slots=True)
class Reading:
    """The shop's clock at one moment, and the real one."""

    at: datetime
    real: datetime
    is_running: bool
    is_travelling: bool


type Move = Callable[[Reading], datetime]


def now() -> datetime:
    """The shop's time, in UTC."""
    return read().at


def read() -> Reading:
    """What the shop's clock shows."""
    clock, real = _read(), machine_time()
    if clock is None:
        return Reading(real, real, is_running=True, is_travelling=False)
    return Reading(clock.time(real), real, clock.is_running, is_travelling=True)


def stay(reading: Reading) -> datetime:
    """The move that changes nothing."""
    return reading.at


def to_real_time(reading: Reading) -> datetime:
    """The move back into the world."""
    return reading.real


def change(*, move: Move = stay, is_running: bool | None = None) -> Reading:
    """Move the shop's clock, stop it or let it run; every process obeys at once.

    A clock that runs and shows the real time is not travelling any more.

    :param move: from what the clock shows to what it shall show
    :param is_running: None leaves that as it is
    :raises OutOfRange: the clock does not go there
    """
    with _alone():
        before = read()
        at = move(before)
        if not is_in_range(at):
            raise OutOfRange
        runs = before.is_running if is_running is None else is_running
        _write(None if runs and at == before.real else Clock(at, before.real, runs))
        return Reading(at, before.real, runs, is_travelling=not (runs and at == before.real))


def state() -> bytes:
    """The file's content, empty without one: it differs if the clock was changed."""
    try:
        descriptor = os.open(settings.QA_CLOCK_FILE, os.O_RDONLY)
    except FileNotFoundError:
        return b""
    try:
        return os.read(descriptor, 1024)
    finally:
        os.close(descriptor)


def _read() -> Clock | None:
    content = state()
    return _parse(content) if content else None


@lru_cache(maxsize=2)
def _parse(content: bytes) -> Clock:
    document = json.loads(content)
    return Clock(
        datetime.fromisoformat(document["at"]).astimezone(UTC),
        datetime.fromisoformat(document["since"]).astimezone(UTC),
        bool(document["running"]),
    )


def _write(clock: Clock | None) -> None:
    path = Path(settings.QA_CLOCK_FILE)
    if clock is None:
        path.unlink(missing_ok=True)
        return
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(
        json.dumps(
            {
                "at": clock.at.isoformat(),
                "since": clock.since.isoformat(),
                "running": clock.is_running,
            }
        )
    )
    fresh.replace(path)


@contextmanager
def _alone() -> Iterator[None]:
    """One change at a time, of all threads and processes: two steps make two steps."""
    path = Path(settings.QA_CLOCK_FILE)
    with path.with_name(path.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
