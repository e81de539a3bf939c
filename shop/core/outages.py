"""Outages: which errors mean that the shop cannot answer now, and why, in one line."""

import errno
import sqlite3
from smtplib import SMTPException

from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError

#: SQLSTATE of a write to a standby, such as one that takes over.
_READ_ONLY = "25006"
#: SQLite has one class of errors for what is away and for what is wrong; these are wrong.
_WRONG = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISUSE})
#: A disk that is full, broken, or not ours to write to.
_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO})
_MOST_LETTERS = 200


class Unavailable(Exception):
    """The shop cannot answer now; a moment later it may."""


class Busy(Unavailable):
    """The shop is at work on others' requests of the same kind; its message is for people."""


def is_outage(error: BaseException | None) -> bool:
    """Whether an error means that the shop cannot answer now: it is no mistake of a program.

    The database is away, hangs, is locked, full, or takes no writes; or the disk takes no files. A
    wrong statement and a violated constraint are mistakes.
    """
    if isinstance(error, Unavailable) or is_of_disk(error):
        return True
    if not isinstance(error, DatabaseError):
        return False
    cause = error.__cause__
    if getattr(cause, "sqlstate", None) == _READ_ONLY:
        return True
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    code = getattr(cause, "sqlite_errorcode", None)
    # The lowest eight bits are the primary code.
    return code is None or code & 0xFF not in _WRONG


def is_of_disk(error: BaseException | None) -> bool:
    """Whether the disk takes or gives no file."""
    return isinstance(error, OSError) and error.errno in _DISK


def is_silence(error: BaseException | None) -> bool:
    """Whether another service did not answer, such as the mail server."""
    return isinstance(error, ConnectionError | TimeoutError | SMTPException)


def reason_of(error: BaseException) -> str:
    """Why, in one line for a log: an error's first line, which names no row."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__} {lines[0][:_MOST_LETTERS] if lines else ''}".strip()
