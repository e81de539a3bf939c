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
        given_up = self.connection is not None and self.connection.closed
        if given_up and not self.in_atomic_block:
            self.close()
        super().ensure_connection()

    def get_new_connection(self, conn_params: dict[str, Any]) -> BoundedConnection:
        """A connection with time limits."""
        self.isolation_level = IsolationLevel.READ_COMMITTED
        detector.connect_by(conn_params)
        return BoundedConnection.connect(**conn_params)
