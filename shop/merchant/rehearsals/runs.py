"""Rehearsals that the back office starts: processes of their own, and the files they leave.

``VAR/rehearsals/<slug>/`` has a numbered folder for each rehearsal of a sale:
``started.json`` says what was begun, ``found.json`` and ``picture.html`` are what
``manage.py rehearse`` found, ``errors.txt`` is what it said when it could not.

Whether one runs is told by a lock. Its process holds it, and however that ends,
the system takes it back: nothing that was killed runs on here for ever, and no
other process is mistaken for it. So there is one rehearsal of a sale at a time,
and all web processes of a machine agree.

The process hears of it when the web process that started it is gone, and ends
too; it has nothing else of it, neither sockets nor terminal.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import IO, Any

from django.conf import settings

from shop.core.machine_clock import unix_seconds

#: How long one may take, in seconds.
TIMEOUT = 120
#: How much of the machine it yields to the shop (``nice``).
_NICE = 10
#: What stands before a command's own words when it fails.
_SAID = "CommandError: "

_STARTED, _FOUND, _PICTURE, _ERRORS = "started.json", "found.json", "picture.html", "errors.txt"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """One that was started: when by the shop's clock, by whom, and what the sale promised then."""

    folder: Path
    number: int
    started_at: datetime
    started_by: str
    terms: str
    started_at_machine: float

    @property
    def seconds(self) -> int:
        """How long ago that was."""
        return max(0, int(unix_seconds() - self.started_at_machine))

    @property
    def picture(self) -> Path:
        """The page that it drew."""
        return self.folder / _PICTURE

    def found(self) -> dict[str, Any] | None:
        """All that it found, as the command writes it; None if it did not come so far.

        It is written last, and looked for when the process is over: half of it is nothing.
        """
        try:
            document = json.loads((self.folder / _FOUND).read_text())
        except (FileNotFoundError, ValueError):
            return None
        return document if isinstance(document, dict) else None

    @property
    def is_kept(self) -> bool:
        """Whether it found every promise kept."""
        return bool((self.found() or {}).get("kept"))

    def problem(self) -> str:
        """Why it found nothing, in a sentence."""
        try:
            lines = (self.folder / _ERRORS).read_text(errors="replace").split("\n")
        except FileNotFoundError:
            lines = []
        said = [line.removeprefix(_SAID) for line in lines if line.startswith(_SAID)]
        return said[-1] if said else "It was ended before it was over."


@dataclass(frozen=True, slots=True)
class Rehearsals:
    """Those of one sale: the one that runs, the last that found something, and the last of all."""

    running: Rehearsal | None = None
    told: Rehearsal | None = None
    last: Rehearsal | None = None

    @property
    def number(self) -> int:
        """That of the last one, 0 before the first."""
        return self.last.number if self.last else 0

    @property
    def problem(self) -> str:
        """Why the last one found nothing; empty if it did, or still may."""
        if self.last is None or self.last in (self.running, self.told):
            return ""
        return self.last.problem()


def rehearsals_of(slug: str) -> Rehearsals:
    """How the rehearsals of a sale stand now."""
    folder = _folder(slug)
    if not folder.is_dir():
        return Rehearsals()
    with _alone(folder), (folder / "lock").open("a") as lock:
        return _as_they_stand(folder, is_running=not _take(lock))


def start(slug: str, *, after: int, by: str, terms: str, now: datetime) -> bool:
    """Start one in a process of its own; whether it was.

    :param after: the number of the last one that whoever asks has seen: what was sent twice, or
        when another one has been started meanwhile, starts nothing
    :raises OSError: it could not be started
    """
    folder = _folder(slug)
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder), (folder / "lock").open("a") as lock:
        if not _take(lock):
            return False
        before = _as_they_stand(folder, is_running=False)
        if before.number != after:
            return False
        run = folder / str(after + 1)
        _begin(run, {"at": now.isoformat(), "by": by, "terms": terms, "machine": unix_seconds()})
        _forget(folder, kept=[run, before.told.folder] if before.told else [run])
        try:
            process = _process(slug, run, lock)
        except OSError:
            shutil.rmtree(run, ignore_errors=True)
            raise
    Thread(target=_see_off, args=(process,), daemon=True).start()
    return True


def _process(slug: str, run: Path, lock: IO[str]) -> "subprocess.Popen[bytes]":
    """The process. It inherits the lock, and the settings by its environment."""
    with (run / _ERRORS).open("w") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own command, and the slug of a sale that is
            [
                *(sys.executable, "manage.py", "rehearse", slug),
                *("--html", run / _PICTURE, "--json", run / _FOUND),
                *("--timeout", str(TIMEOUT), "--attended"),
            ],
            cwd=settings.BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            pass_fds=[lock.fileno()],
        )
    os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
    return process


def _see_off(process: "subprocess.Popen[bytes]") -> None:
    """Keep its standard input open while it lives, and let no zombie of it remain."""
    with process:
        process.wait()


def _folder(slug: str) -> Path:
    return Path(settings.VAR) / "rehearsals" / slug


def _as_they_stand(folder: Path, *, is_running: bool) -> Rehearsals:
    runs = list(_runs(folder))
    over = runs[1:] if is_running else runs
    return Rehearsals(
        running=runs[0] if is_running and runs else None,
        told=next((run for run in over if run.found() is not None), None),
        last=runs[0] if runs else None,
    )


def _runs(folder: Path) -> Iterator[Rehearsal]:
    """Those there are, the last one first."""
    numbers = sorted(int(each.name) for each in folder.iterdir() if each.name.isdigit())
    for number in reversed(numbers):
        run = folder / str(number)
        started = json.loads((run / _STARTED).read_text())
        at = datetime.fromisoformat(started["at"])
        yield Rehearsal(run, number, at, started["by"], started["terms"], started["machine"])


def _begin(run: Path, started: dict[str, Any]) -> None:
    """A folder that has its beginning in it as soon as it is there."""
    fresh = run.with_name("new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    (fresh / _STARTED).write_text(json.dumps(started))
    fresh.rename(run)


def _forget(folder: Path, *, kept: Sequence[Path]) -> None:
    for each in folder.iterdir():
        if each.is_dir() and each not in kept:
            shutil.rmtree(each, ignore_errors=True)


def _take(lock: IO[str]) -> bool:
    """Take the lock, unless a rehearsal has it. It is given back where all have closed it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One who looks or starts at a time, of all threads and processes: who looks holds the lock."""
    with (folder / "door").open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield
