"""Django's backend for PostgreSQL, on connections that do not wait for ever."""

from typing import Any

from django.db.backends.postgresql import base
from psycopg import IsolationLevel

from shop.core.postgresql.connection import BoundedConnection
from shop.core.postgresql.hang_detector import detector


class DatabaseWrapper(base.DatabaseWrapper):
    """The backend; ``time_limits`` says how long it waits."""

    def ensure_connection(self) -> None:
        """Connect anew after a connection that was given up, but not within a transaction."""
        self._close_what_was_given_up()
        super().ensure_connection()

    def close_if_unusable_or_obsolete(self) -> None:
        """As Django does around each request, but without connecting anew to find out.

        Where that fails, it fails outside of the request: nothing would turn it into a 503.
        """
        self._close_what_was_given_up()
        super().close_if_unusable_or_obsolete()

    def get_new_connection(self, conn_params: dict[str, Any]) -> BoundedConnection:
        """A connection with time limits."""
        self.isolation_level = IsolationLevel.READ_COMMITTED
        detector.connect_by(conn_params)
        return BoundedConnection.connect(**conn_params)

    def _close_what_was_given_up(self) -> None:
        given_up = self.connection is not None and self.connection.closed
        if given_up and not self.in_atomic_block:
            self.close()
