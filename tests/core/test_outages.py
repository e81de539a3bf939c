"""What is an outage, what is a mistake, and what the log says of each."""

import errno
import logging
import sqlite3

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, ProgrammingError

from shop.core import log_filters
from shop.core.outages import is_outage
from shop.sales.showcase import ShowcaseUnavailable
from tests.support.outages import console

logger = logging.getLogger("shop.tests")


def from_sqlite(code: int) -> OperationalError:
    """An error as Django raises it for one of SQLite's."""
    cause = sqlite3.OperationalError("SQLite's words")
    cause.sqlite_errorcode = code
    error = OperationalError("SQLite's words")
    error.__cause__ = cause
    return error


def from_postgresql(error: DatabaseError, sqlstate: str) -> DatabaseError:
    error.__cause__ = type("Cause", (Exception,), {"sqlstate": sqlstate})()
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OperationalError("Connection refused"), True),
        (from_sqlite(sqlite3.SQLITE_BUSY), True),
        (from_sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT), True),
        (from_sqlite(sqlite3.SQLITE_FULL), True),
        (from_sqlite(sqlite3.SQLITE_READONLY), True),
        (ShowcaseUnavailable(), True),
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (PermissionError(errno.EACCES, "Permission denied"), True),
        (FileNotFoundError(errno.ENOENT, "No such file"), False),
        # A standby that takes over reads alone.
        (from_postgresql(DatabaseError("read-only transaction"), "25006"), True),
        # No such table, or a syntax error.
        (from_sqlite(sqlite3.SQLITE_ERROR), False),
        (ProgrammingError("no such column"), False),
        (IntegrityError("duplicate key"), False),
        (ValueError("odd"), False),
        (None, False),
    ],
)
def test_an_outage_is_told_from_a_mistake(error: Exception | None, expected: bool) -> None:
    assert is_outage(error) is expected


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The age of the machine in seconds, stopped."""
    ages = [1000.0]
    monkeypatch.setattr(log_filters, "monotonic_seconds", lambda: ages[-1])
    return ages


def fail(error: Exception, times: int = 1) -> None:
    """Log an error as code does that goes on."""
    for _ in range(times):
        logger.error("It failed for %s", "Ada", exc_info=error)


def test_many_failures_of_an_outage_are_one_line_that_says_why(seconds: list[float]) -> None:
    with console() as log:
        fail(OperationalError("Connection refused\nDETAIL: of a row"), 10)
    lines = log.getvalue().splitlines()
    assert len(lines) == 1
    assert lines[0].endswith("shop.tests It failed for Ada: OperationalError Connection refused")


def test_a_second_later_the_next_line_tells_how_many_were_left_out(seconds: list[float]) -> None:
    with console() as log:
        fail(OperationalError("away"), 10)
        seconds.append(1000.9)
        fail(OperationalError("away"))
        seconds.append(1001)
        fail(OperationalError("away"))
    lines = log.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[1].endswith("away (10 more since the last line)")


def test_a_mistake_keeps_its_traceback_each_time() -> None:
    try:
        raise ProgrammingError("no such column")
    except ProgrammingError as error:
        with console() as log:
            fail(error, 2)
    assert log.getvalue().count("Traceback") == 2
