"""The showcase: what is on show now, in this process's memory.

A snapshot serves for one second of the machine's time. Then one thread reads anew what
has changed (``snapshot_refresh``), and the others wait for it, 250 ms at most; for the
first one of all they wait longer, since there is nothing else to show. Only a database
that fails or is slow makes an older snapshot serve on, for at most ``SHOWCASE_MAX_STALE``.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from threading import Lock

from django.conf import settings
from django.db import Error as DatabaseError

from shop.core import preview
from shop.core.machine_clock import monotonic_seconds
from shop.core.outages import Unavailable, is_outage, reason_of
from shop.core.postgresql.time_limits import answers_within
from shop.sales import snapshot_queries
from shop.sales.snapshot import SaleSnapshot, Snapshot
from shop.sales.snapshot_refresh import ShowcaseReading, read_anew

FRESH_SECONDS = 1.0
MOST_WAIT_SECONDS = 0.25
#: How long a page waits for another's read where it would otherwise have to say 503. A database
#: that hangs is noticed sooner (``core.postgresql.hang_detector``).
MOST_WAIT_FOR_FIRST_SECONDS = 5.0
#: How long the thread that reads waits for the database, while the older snapshot is younger
#: than ``HURRY_SECONDS``: a page has no need to wait. Then a slow database gets its time.
READ_SECONDS = 0.5
HURRY_SECONDS = 10.0

logger = logging.getLogger(__name__)


class ShowcaseUnavailable(Unavailable):
    """There is no recent snapshot, and the database is away."""


class Showcase:
    """Keeps one snapshot fresh, for all threads of a process."""

    def __init__(self, read: Callable[[datetime, ShowcaseReading | None], ShowcaseReading]) -> None:
        self._read = read
        self._lock = Lock()
        self.clear()

    def clear(self) -> None:
        """Forget the snapshot: the next to ask reads anew."""
        self._reading: ShowcaseReading | None = None
        self._read_at = self._tried_at = self._started_at = float("-inf")

    @property
    def age_seconds(self) -> float:
        """How old the snapshot is; infinite where there is none."""
        return monotonic_seconds() - self._read_at

    @property
    def latest(self) -> Snapshot | None:
        """The newest snapshot, however old; None where there is none. It asks no database."""
        return self._reading.snapshot if self._reading else None

    @property
    def reading(self) -> ShowcaseReading | None:
        """The same, with what has changed up to then."""
        return self._reading

    @property
    def is_warm(self) -> bool:
        """Whether a page can be served without asking the database."""
        return self._reading is not None and self.age_seconds <= settings.SHOWCASE_MAX_STALE

    def snapshot(self, now: datetime) -> Snapshot:
        """What is on show. A preview reads a snapshot of its own each time, kept for no one.

        :raises ShowcaseUnavailable: the database is away, and has been for too long
        """
        if preview.is_on():
            return snapshot_queries.read_snapshot(now)
        if monotonic_seconds() - self._tried_at >= FRESH_SECONDS:
            self._refresh(now)
        if self._reading is None or self.age_seconds > settings.SHOWCASE_MAX_STALE:
            raise ShowcaseUnavailable
        return self._reading.snapshot

    def _refresh(self, now: datetime) -> None:
        if not self._lock.acquire(timeout=self._patience()):
            return
        try:
            self._started_at = started_at = monotonic_seconds()
            if started_at - self._tried_at < FRESH_SECONDS:
                return
            try:
                with self._read_limit():
                    self._reading = self._read(now, self._reading)
                self._read_at = started_at
            except DatabaseError as error:
                text = "The showcase cannot be refreshed; age %.0f s: %s"
                # A database that is away says all in a line; a mistake shows where it is.
                trace = not is_outage(error)
                logger.error(text, self.age_seconds, reason_of(error), exc_info=trace)
            finally:
                # After a failure too: a database in trouble is asked once a second, not more.
                self._tried_at = monotonic_seconds()
        finally:
            self._lock.release()

    def _patience(self) -> float:
        """For how many seconds this thread waits while another one reads."""
        most = MOST_WAIT_SECONDS if self.is_warm else MOST_WAIT_FOR_FIRST_SECONDS
        # Whoever comes while a read hangs has no reason to wait for it.
        hangs = self._lock.locked() and monotonic_seconds() - self._started_at > most
        return 0 if hangs else most

    def _read_limit(self) -> AbstractContextManager[None]:
        if self._reading is not None and self.age_seconds < HURRY_SECONDS:
            return answers_within(READ_SECONDS)
        return nullcontext()


showcase = Showcase(read_anew)


def sale_on_show(slug: str, now: datetime) -> SaleSnapshot | None:
    """The visible sale at ``/sales/<slug>/``; one that ended long ago is read from its rows."""
    sale = showcase.snapshot(now).sales.get(slug)
    if sale is None:
        sale = snapshot_queries.read_snapshot(now, slug=slug).sales.get(slug)
    return sale if sale is not None and sale.visible else None
