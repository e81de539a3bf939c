"""Token buckets in the memory of a process: how many requests a network may send at a time.

Each network has a bucket of ``burst`` tokens that fills by ``rate`` tokens a second; a request
takes one. Nothing is written anywhere, and the number of buckets is bounded: the ones that were
used longest ago go first. One that is gone is full when it comes again.
"""

from collections import OrderedDict
from threading import Lock


class TokenBuckets:
    """The buckets of all networks, by name. Times are seconds of a clock that only goes forward."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = Lock()
        #: Each with the tokens that it had, and when.
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, name: str, *, rate: float, burst: float, now: float) -> float:
        """Take one token; how many seconds it is until there is one, 0 if there was."""
        with self._lock:
            tokens, at = self._buckets.pop(name, (burst, now))
            tokens = min(burst, tokens + (now - at) * rate)
            wait = 0.0 if tokens >= 1 else (1 - tokens) / rate
            self._buckets[name] = (tokens if wait else tokens - 1), now
            if len(self._buckets) > self.most:
                self._buckets.popitem(last=False)
        return wait
