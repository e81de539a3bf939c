"""The shop's clock: a small file that every process reads each time it needs the time.

The file holds an instant of the shop, the real instant it corresponds to, and
whether time runs on from there; without a file the shop's time is real. It is
replaced atomically, so that every process obeys as soon as a change has returned.

A file and not a row: a page view still runs no query, the clock goes on while the
database is away, and no copy of a database carries a false time into another shop.
Processes on several machines share the folder of ``QA_CLOCK_FILE``.
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
from shop.core.repeated_time import note_set_back
from shop.core.wall_time import is_in_range


class OutOfRange(ValueError):
    """The clock does not go there."""

    def __init__(self) -> None:
        super().__init__("The clock goes from the year 2000 to 2999.")


@dataclass(frozen=True, slots=True)
class Clock:
    """The file's content: it was ``at`` in the shop at the real instant ``since``."""

    at: datetime
    since: datetime
    is_running: bool

    def time(self, real: datetime) -> datetime:
        """The shop's time at a real instant."""
        return self.at + (real - self.since) if self.is_running else self.at


@dataclass(frozen=True, slots=True)
class Reading:
    """What the shop's clock and the real one show at one moment."""

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
    written, real = content(), machine_time()
    if not written:
        return Reading(real, real, is_running=True, is_travelling=False)
    clock = _parse(written)
    return Reading(clock.time(real), real, clock.is_running, is_travelling=True)


def to_real_time(reading: Reading) -> datetime:
    """The move back to real time."""
    return reading.real


def change(*, move: Move | None = None, is_running: bool | None = None) -> Reading:
    """Move the shop's clock, stop it or let it run; None leaves it. Every process obeys at once.

    :param move: the new time, from what the clock shows
    :raises OutOfRange: the year is not from 2000 to 2999
    """
    with _locked():
        before = read()
        at = move(before) if move else before.at
        if not is_in_range(at):
            raise OutOfRange
        if at < before.at:
            # Before it is: what is offered in between is in the span already.
            note_set_back(before.at, at)
        runs = before.is_running if is_running is None else is_running
        _write(None if runs and at == before.real else Clock(at, before.real, runs))
        return Reading(at, before.real, runs, is_travelling=not (runs and at == before.real))


def content() -> bytes:
    """The file's content, empty without one; any change of the clock changes it."""
    try:
        descriptor = os.open(settings.QA_CLOCK_FILE, os.O_RDONLY)
    except FileNotFoundError:
        return b""
    try:
        return os.read(descriptor, 1024)
    finally:
        os.close(descriptor)


@lru_cache(maxsize=2)
def _parse(written: bytes) -> Clock:
    document = json.loads(written)
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
    document = {"at": clock.at.isoformat(), "since": clock.since.isoformat()}
    fresh.write_text(json.dumps({**document, "running": clock.is_running}))
    fresh.replace(path)


@contextmanager
def _locked() -> Iterator[None]:
    """One change at a time, for all threads and processes."""
    path = Path(settings.QA_CLOCK_FILE)
    with path.with_name(path.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
