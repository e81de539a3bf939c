"""Clocks for ages in memory and Stripe's signatures, which the QA clock must not move.

freezegun replaces ``time.time`` and ``time.monotonic``, and leaves ``clock_gettime`` alone.
"""

import time
from datetime import UTC, datetime


def monotonic_seconds() -> float:
    """Seconds on a clock that only moves forward, for measuring ages."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def unix_seconds() -> float:
    """Seconds since 1970 by the machine's own clock."""
    return time.clock_gettime(time.CLOCK_REALTIME)


def machine_time() -> datetime:
    """The instant by the machine's own clock, in UTC."""
    return datetime.fromtimestamp(unix_seconds(), UTC)
