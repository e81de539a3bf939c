"""How far this machine's clock is from the database's: all machines share that one."""

from django.db import connection

from offers.anchors import ISSUE_LEEWAY_SECONDS
from shop.core.machine_clock import unix_seconds

# The database's time measures the machine's clock, and decides nothing else.
_CLOCK_SQL = {
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())",
    "sqlite": "SELECT (julianday('now') - 2440587.5) * 86400.0",
}
_STANDARD_CLOCK_SQL = "SELECT extract(epoch FROM CURRENT_TIMESTAMP)"


def clock_drift() -> str:
    """How far this machine's clock is off, in words; empty while offers are judged right by it.

    :raises django.db.Error: the database cannot be asked
    """
    ahead = _seconds_ahead()
    if abs(ahead) <= ISSUE_LEEWAY_SECONDS:
        return ""
    direction = "ahead of" if ahead > 0 else "behind"
    return f"{abs(ahead):.0f} s {direction} the database's"


def _seconds_ahead() -> float:
    """How far this machine's clock is ahead of the database's, give or take half the query."""
    with connection.cursor() as cursor:
        asked = unix_seconds()
        cursor.execute(_CLOCK_SQL.get(connection.vendor, _STANDARD_CLOCK_SQL))
        there = float(cursor.fetchone()[0])
    return (asked + unix_seconds()) / 2 - there
