"""How often offers were refused: by sale, by reason, by minute.

Counted in the memory of the process, and written by a thread every
``REFUSALS_WRITTEN_EVERY`` seconds: a process that is killed loses those at most,
while the database answers.
"""

import atexit
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import batched
from threading import Lock, Timer

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection, transaction

from offers.terms import LIST, Offer
from offers.verdicts import Verdict
from shop.core.upserts import add_counts
from shop.sales.models import RefusalCount
from shop.sales.snapshot import Snapshot

#: The sale of an offer that cannot be read, or of an unknown sale.
NO_SALE = "-"
#: Counts kept in memory while the database is away; more are not counted.
MOST_KEPT = 10_000
#: Rows of a statement: both databases bound what one may carry.
_ROWS_AT_ONCE = 200

logger = logging.getLogger(__name__)

type Key = tuple[str, datetime, Verdict]


class RefusalCounts:
    """Counts in memory, for all threads of a process, until they are written."""

    def __init__(self, write: Callable[[Mapping[Key, int]], None]) -> None:
        self._write = write
        self._counting, self._writing = Lock(), Lock()
        self._writes_at_exit = False
        self.clear()

    def clear(self) -> None:
        """Forget what is not written."""
        self._counts: Counter[Key] = Counter()
        self._timer: Timer | None = None

    def count(
        self, offer: Offer | None, verdict: Verdict, snapshot: Snapshot, now: datetime
    ) -> None:
        """Count one refusal; ``offer`` is None where the message could not be read."""
        is_known = offer is not None and (offer.sale == LIST or offer.sale in snapshot.sales)
        sale = offer.sale if offer is not None and is_known else NO_SALE
        key = (sale, now.replace(second=0, microsecond=0), verdict)
        with self._counting:
            if key in self._counts or len(self._counts) < MOST_KEPT:
                self._counts[key] += 1
            self._write_soon()

    def flush(self) -> None:
        """Write what is counted. If the database is away, it stays counted."""
        with self._writing:
            with self._counting:
                batch, self._counts = self._counts, Counter()
            if not batch:
                return
            try:
                self._write(batch)
            except DatabaseError:
                logger.exception("Refusals cannot be written down; %d are kept", batch.total())
                with self._counting:
                    self._counts.update(batch)

    def _write_soon(self) -> None:
        seconds = settings.REFUSALS_WRITTEN_EVERY
        if self._timer is not None or seconds <= 0:
            return
        if not self._writes_at_exit:
            atexit.register(self.flush)
            self._writes_at_exit = True
        self._timer = Timer(seconds, self._flush_in_thread)
        self._timer.daemon = True
        self._timer.start()

    def _flush_in_thread(self) -> None:
        """Flush, and close the connection that the thread opened."""
        try:
            self.flush()
        finally:
            connection.close()
            with self._counting:
                self._timer = None
                if self._counts:
                    self._write_soon()


def write(counts: Mapping[Key, int]) -> None:
    """Add counts to those in the database."""
    rows = [
        (sale, minute, verdict.value, count)
        for (sale, minute, verdict), count in sorted(counts.items())
    ]
    with transaction.atomic():
        for some in batched(rows, _ROWS_AT_ONCE, strict=False):
            add_counts(RefusalCount, some)


refusals = RefusalCounts(write)
