"""How long this process waits for an answer of the database.

Whoever serves people sets a limit; a management command has none, as a migration may take hours.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import local

from shop.core.machine_clock import monotonic_seconds

_limit: float | None = None
_of_thread = local()


def limit_waits(seconds: float | None) -> None:
    """Let every statement of this process fail that is not answered within so many seconds."""
    global _limit
    _limit = seconds


@contextmanager
def limited_waits(seconds: float) -> Iterator[None]:
    """Do the same within the block."""
    before = _limit
    limit_waits(seconds)
    try:
        yield
    finally:
        limit_waits(before)


@contextmanager
def answers_within(seconds: float) -> Iterator[None]:
    """Let all statements of this thread together take so many seconds at most, within the block.

    Only where the process has a limit at all.
    """
    before = getattr(_of_thread, "deadline", None)
    _of_thread.deadline = monotonic_seconds() + seconds
    try:
        yield
    finally:
        _of_thread.deadline = before


def seconds_left() -> float | None:
    """How long the next statement may take, in seconds, 0 included; None without a limit."""
    if _limit is None:
        return None
    deadline: float | None = getattr(_of_thread, "deadline", None)
    if deadline is None:
        return _limit
    return max(0.0, min(_limit, deadline - monotonic_seconds()))
