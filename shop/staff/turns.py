"""Turns: what several threads of a process do about one thing, one after another."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from weakref import WeakValueDictionary

#: Nobody waits longer for a turn, in seconds; then it goes without one.
LONGEST_WAIT_SECONDS = 5.0

_guard = Lock()
#: Each lock is there while somebody has it or waits for it.
_locks: WeakValueDictionary[str, Lock] = WeakValueDictionary()


@contextmanager
def in_turn(key: str) -> Iterator[None]:
    """Wait until no other thread is in a block of the same key; ``LONGEST_WAIT_SECONDS`` at most.

    It makes things orderly and nothing safe: other processes have turns of their own.
    """
    with _guard:
        lock = _locks.setdefault(key, Lock())
    is_held = lock.acquire(timeout=LONGEST_WAIT_SECONDS)
    try:
        yield
    finally:
        if is_held:
            lock.release()
