"""Processes that do the same at once, and say how long each call of theirs took."""

import multiprocessing
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from time import perf_counter
from types import TracebackType
from typing import Any, Self

from benchmarks.measure import Call

#: Long enough for any preparation; one that failed is not waited for longer.
_PATIENCE = 60

#: Makes the calls of one round, ready to be timed. It is made anew in each process.
type Job = Callable[..., list[Call]]
type Jobs = Callable[[], dict[str, Job]]


@dataclass(frozen=True, slots=True)
class Burst:
    """From when to when each call took, of all processes. Their clock is one."""

    spans: tuple[tuple[float, float], ...]

    @property
    def seconds_per_call(self) -> float:
        """The whole time by the number of calls: what the throughput is."""
        starts, ends = zip(*self.spans, strict=True)
        return float(max(ends) - min(starts)) / len(self.spans)

    @property
    def waits(self) -> list[float]:
        """How long each call took."""
        return [end - start for start, end in self.spans]


class Workers:
    """So many processes, forked from this one; ``jobs`` is called in each."""

    def __init__(self, count: int, jobs: Jobs) -> None:
        self.count = count
        fork = multiprocessing.get_context("fork")
        barrier = fork.Barrier(count)
        self._pipes: list[Connection] = []
        self._processes: list[Any] = []
        for _ in range(count):
            ours, theirs = fork.Pipe()
            process = fork.Process(target=_work, args=(theirs, barrier, jobs), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            if kind is None:
                pipe.send(None)
            else:
                process.terminate()
            process.join()
            pipe.close()

    def burst(self, job: str, *arguments: object) -> Burst:
        """Let all prepare the job, and then do it, starting in the same instant.

        :raises EOFError: a process failed; it has said how
        """
        for pipe in self._pipes:
            pipe.send((job, arguments))
        return Burst(tuple(span for pipe in self._pipes for span in pipe.recv()))


def _work(pipe: Connection, barrier: Barrier, jobs: Jobs) -> None:
    by_name = jobs()
    with closing(pipe):
        while message := pipe.recv():
            name, arguments = message
            calls = by_name[name](*arguments)
            barrier.wait(_PATIENCE)
            pipe.send([_timed(call) for call in calls])


def _timed(call: Call) -> tuple[float, float]:
    start = perf_counter()
    call()
    return start, perf_counter()
