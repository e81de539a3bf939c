"""A connection that waits for an answer as long as its process does, and no longer.

The limits of a server do not help against a server that hangs: the kernel goes on to
acknowledge what it is sent. So the client gives up. The connection is closed then, as an
answer might still come, and the server is asked to cancel the statement.
"""

from contextlib import suppress
from typing import Any, Self

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.errors import _WaitTimeout

from shop.core.postgresql.hang_detector import detector
from shop.core.postgresql.time_limits import seconds_left

#: How long to wait until the server has taken a request to cancel.
CANCEL_SECONDS = 0.5


class BoundedConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection whose statements fail that are not answered in time."""

    @classmethod
    def connect(cls, conninfo: str = "", **parameters: Any) -> Self:
        """Connect, unless the database is known to hang.

        :raises psycopg.OperationalError: it hangs, or cannot be reached
        """
        left = seconds_left()
        if left is None:
            return super().connect(conninfo, **parameters)
        if left == 0:
            raise psycopg.OperationalError("There is no time left to connect to the database.")
        with detector.waiting(None):
            return super().connect(conninfo, **parameters)

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for an answer.

        :raises psycopg.OperationalError: none came in time; the connection is closed
        """
        left = seconds_left()
        if left is None or timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            with detector.waiting(self):
                return super().wait(gen, interval, left)
        except _WaitTimeout:
            problem = f"The database gave no answer within {left:.1f} s."
        except psycopg.OperationalError:
            if not detector.is_hanging:
                raise
            # It was interrupted; libpq's own message is of several lines.
            problem = "The database does not answer."
        self._give_up()
        raise psycopg.OperationalError(problem)

    def _give_up(self) -> None:
        if not detector.is_hanging:
            with suppress(psycopg.Error):
                self.cancel_safe(timeout=CANCEL_SECONDS)
        self.pgconn.finish()
