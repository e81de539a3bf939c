"""What was read a moment ago, for all who ask again: fifty who watch cost what one does.

Kept in the memory of the process. Ages are measured on the machine's own
clock, which no travelling clock moves.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

from shop.core.machine_clock import monotonic_seconds

#: How long something is what it was, in seconds.
FRESH_SECONDS = 1.0
#: Things that are kept at a time.
MOST_KEPT = 32


class Recently[K: Hashable, V]:
    """Reads each thing once a second at most, by one thread while others wait for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._reading: dict[K, Lock] = {}
        self._values: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()

    def get(self, key: K, read: Callable[[], V]) -> V:
        """What ``read`` gave a moment ago, or gives now; what it raises is not kept."""
        with self._lock:
            reading = self._reading.setdefault(key, Lock())
        try:
            with reading:
                kept = self._values.get(key)
                if kept is not None and monotonic_seconds() - kept[0] < FRESH_SECONDS:
                    return kept[1]
                started_at = monotonic_seconds()
                value = read()
                self._keep(key, started_at, value)
                return value
        finally:
            with self._lock:
                if not reading.locked():
                    self._reading.pop(key, None)

    def _keep(self, key: K, at: float, value: V) -> None:
        with self._lock:
            self._values[key] = (at, value)
            self._values.move_to_end(key)
            while len(self._values) > MOST_KEPT:
                self._values.popitem(last=False)
