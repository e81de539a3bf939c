"""Statements for the default database, several of them in one round trip where it takes them so.

A transaction of ten short statements spends more time on the way than in the database, and holds
its locks meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

type Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class SqlStatement:
    """A statement in the default database's dialect, and the values of its placeholders."""

    sql: str
    parameters: Sequence[Any]


@dataclass(frozen=True, slots=True)
class SqlResult:
    """What a statement returned, and how many rows it changed."""

    rows: list[Row]
    count: int


def run_together(statements: Sequence[SqlStatement]) -> list[SqlResult]:
    """Run statements in their order, in the caller's transaction; each sees what others did before.

    PostgreSQL takes them as one message: they all run before the first result is looked at. So
    whoever finds that one of them has failed its purpose rolls back what followed, too.

    :raises django.db.Error: one of them failed; those after it did not run
    """
    with connection.cursor() as cursor:
        if takes_many() and len(statements) > 1:
            return _in_one_message(cursor, statements)
        return [_run(cursor, each) for each in statements]


def takes_many() -> bool:
    """Whether the default database takes many statements as one message."""
    return connection.vendor != "sqlite"


def _in_one_message(cursor: CursorWrapper, statements: Sequence[SqlStatement]) -> list[SqlResult]:
    # The values are written into the text by psycopg, as in all of Django's statements: a message
    # with values apart is of one statement (PostgreSQL's protocol, "Extended Query").
    sql = "; ".join(each.sql for each in statements)
    cursor.execute(sql, [value for each in statements for value in each.parameters])
    results = [_result(cursor)]
    while cursor.nextset():
        results.append(_result(cursor))
    return results


def _run(cursor: CursorWrapper, statement: SqlStatement) -> SqlResult:
    cursor.execute(statement.sql, statement.parameters)
    return _result(cursor)


def _result(cursor: CursorWrapper) -> SqlResult:
    return SqlResult(cursor.fetchall() if cursor.description else [], cursor.rowcount)
