"""Times two calls against each other on a machine with other load.

Both are timed in turn, in rounds with alternating order. Computation is measured in
processor time of its thread, disk access in wall time. Figures and ratios are medians.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median, quantiles
from time import perf_counter, thread_time
from typing import Any

from django.db import connections

type Call = Callable[[], object]
type Clock = Callable[[], float]
#: Seconds a call took, of some that it made.
type Timed = Callable[[], float]

PROCESSOR: Clock = thread_time
WALL: Clock = perf_counter
#: No row begins another round after as many, so that all of them take less than two minutes.
SECONDS = 3


@dataclass(frozen=True, slots=True)
class Comparison:
    """Seconds a call, of both, round by round."""

    ours_by_round: tuple[float, ...]
    baseline_by_round: tuple[float, ...]

    @property
    def ours(self) -> float:
        """Seconds a call of ours takes."""
        return median(self.ours_by_round)

    @property
    def baseline(self) -> float:
        """Seconds a call of the other takes."""
        return median(self.baseline_by_round)

    @property
    def ratio(self) -> float:
        """How many times as long ours takes."""
        return median(self.ratios)

    @property
    def ratios(self) -> list[float]:
        """The same in every round."""
        pairs = zip(self.ours_by_round, self.baseline_by_round, strict=True)
        return [ours / baseline for ours, baseline in pairs]

    @property
    def spread(self) -> tuple[float, float]:
        """Between which ratios half of the rounds were: the first and the third quartile."""
        if len(self.ratios) == 1:
            return self.ratio, self.ratio
        low, _, high = quantiles(self.ratios, n=4, method="inclusive")
        return low, high


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. Its goal is the highest ratio that is wanted."""

    name: str
    times: Comparison
    goal: float
    notes: tuple[str, ...] = ()


def compare(
    ours: Call, baseline: Call, *, rounds: int, calls: int, clock: Clock = PROCESSOR
) -> Comparison:
    """Time both, so many calls of each in every round, after one round that does not count."""
    return in_turn(
        lambda: seconds_per_call(ours, calls, clock),
        lambda: seconds_per_call(baseline, calls, clock),
        rounds=rounds,
    )


def in_turn(ours: Timed, baseline: Timed, *, rounds: int, seconds: float = SECONDS) -> Comparison:
    """Both of what times itself, in every round, after one round that does not count.

    :param seconds: no further round is begun after as many, but there is one that counts
    """
    times: dict[Timed, list[float]] = {ours: [], baseline: []}
    order = [ours, baseline]
    until = WALL() + seconds
    for number in range(rounds + 1):
        if number > 1 and WALL() > until:
            break
        for timed in order:
            times[timed].append(timed())
        order.reverse()
    return Comparison(tuple(times[ours][1:]), tuple(times[baseline][1:]))


def seconds_per_call(call: Call, calls: int, clock: Clock = PROCESSOR) -> float:
    """The mean over a number of calls in a row."""
    start = clock()
    for _ in range(calls):
        call()
    return (clock() - start) / calls


@contextmanager
def counted_queries() -> Iterator[list[str]]:
    """The statements that are sent to any database meanwhile."""
    statements: list[str] = []

    def note(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        statements.append(sql)
        return execute(sql, *arguments)

    everywhere = connections.all()
    for connection in everywhere:
        connection.execute_wrappers.append(note)
    try:
        yield statements
    finally:
        for connection in everywhere:
            connection.execute_wrappers.remove(note)
