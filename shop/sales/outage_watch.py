"""Since when checkout has been away: noted in the memory of each process, written when it is over.

While the database is away nothing can be written. So a process notes when checkout failed first,
asks once a second in a thread whether what it lacks is back, and then writes the row. One that is
killed before that loses its note; those of other processes remain.
"""

import atexit
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Lock, Timer

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.utils import timezone

from shop.core.outages import reason_of
from shop.sales.models import Outage

#: Seconds between two questions whether it is back.
ASKED_EVERY = 1.0
#: Shorter ones are not recorded: trying again bridges them.
SHORTEST = timedelta(seconds=5)
#: Failures with less time than this between them are of one outage.
SETTLED_AFTER = timedelta(seconds=5)
#: How long rows are kept.
KEPT_FOR = timedelta(days=90)

logger = logging.getLogger(__name__)

type Stretches = Sequence[tuple[datetime, datetime]]


class OutageWatch:
    """Notes outages of one cause, for all threads of a process.

    :param is_back: whether what checkout lacked answers again
    """

    def __init__(
        self,
        cause: Outage.Cause,
        is_back: Callable[[], bool],
        write: Callable[[Outage.Cause, Stretches], None],
    ) -> None:
        self._cause, self._is_back, self._write = cause, is_back, write
        self._lock = Lock()
        self._writes_at_exit = False
        self.clear()

    def clear(self) -> None:
        """Forget what is not written."""
        self._began: datetime | None = None
        self._failed: datetime | None = None
        self._back: datetime | None = None
        self._over: list[tuple[datetime, datetime]] = []
        self._timer: Timer | None = None

    def failed(self, at: datetime) -> None:
        """Note that checkout failed for a request that came at an instant."""
        with self._lock:
            self._settle(at)
            if self._began is None:
                self._began = at
                logger.error("Checkout is away: %s", self._cause.label)
            # Requests that waited for a time-out come late.
            self._began = min(self._began, at)
            self._failed = max(self._failed or at, at)
            if self._back is not None and at >= self._back:
                self._back = None
            self._ask_soon()

    def answered(self, at: datetime) -> None:
        """Note that checkout succeeded for a request that came at an instant."""
        if self._began is None:
            return
        with self._lock:
            if self._back is None and self._failed is not None and at > self._failed:
                self._back = at

    def flush(self, now: datetime, *, is_last: bool = False) -> None:
        """Write what is over. If the database is away, it stays noted.

        :param is_last: also what is over only just, and might go on
        """
        with self._lock:
            self._settle(now, at_once=is_last)
            stretches, self._over = self._over, []
        if not stretches:
            return
        try:
            self._write(self._cause, stretches)
        except DatabaseError as error:
            logger.warning("An outage cannot be recorded yet: %s", reason_of(error))
            with self._lock:
                self._over = [*stretches, *self._over]

    def _settle(self, now: datetime, *, at_once: bool = False) -> None:
        """Take what is over for good out of the note."""
        if self._began is None or self._back is None:
            return
        if now - self._back < SETTLED_AFTER and not at_once:
            return
        if self._back - self._began >= SHORTEST:
            self._over.append((self._began, self._back))
            seconds = (self._back - self._began).total_seconds()
            logger.warning("Checkout was away for %.0f s: %s", seconds, self._cause.label)
        self._began = self._failed = self._back = None

    def _ask_soon(self) -> None:
        # Without threads, the next order tells that it is back.
        if self._timer is not None or settings.ASIDE_THREADS <= 0:
            return
        if not self._writes_at_exit:
            atexit.register(self._flush_at_exit)
            self._writes_at_exit = True
        self._timer = Timer(ASKED_EVERY, self._ask)
        self._timer.daemon = True
        self._timer.start()

    def _ask(self) -> None:
        """Ask whether it is back, write what is over, and go on until nothing is left."""
        try:
            if self._back is None and self._is_back():
                self.answered(timezone.now())  # noqa: TID251
            self.flush(timezone.now())  # noqa: TID251
        except Exception:
            logger.exception("An outage cannot be watched")
        finally:
            connection.close()
            with self._lock:
                self._timer = None
                if self._began is not None or self._over:
                    self._ask_soon()

    def _flush_at_exit(self) -> None:
        self.flush(timezone.now(), is_last=True)  # noqa: TID251


def database_answers() -> bool:
    """Whether the database takes a statement that writes; it writes nothing."""
    try:
        with transaction.atomic():
            Outage.objects.filter(pk=0).update(cause=Outage.Cause.SHOP)
    except DatabaseError:
        return False
    return True


def write(cause: Outage.Cause, stretches: Stretches) -> None:
    """Write outages, and delete those that are old."""
    last = max(ended for _, ended in stretches)
    with transaction.atomic():
        Outage.objects.filter(ended_at__lt=last - KEPT_FOR).delete()
        Outage.objects.bulk_create(
            Outage(began_at=began, ended_at=ended, cause=cause) for began, ended in stretches
        )


#: Outages of the shop's own: its database, or too many requests.
shop_outages = OutageWatch(Outage.Cause.SHOP, database_answers, write)
