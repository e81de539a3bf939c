"""Inserts of new rows, by statements that are compiled once.

Django writes the SQL of an insert anew each time, and takes longer for it than the database does
to run it.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import AutoField, Field, Model


def insert_rows(rows: Sequence[Model]) -> None:
    """Insert new rows of one model in one statement, and give each the key that it got.

    As with ``bulk_create``, no signal is sent. Values are plain ones: no expressions.

    :raises django.db.IntegrityError: a constraint holds something against one of them
    """
    if not rows:
        return
    model = type(rows[0])
    # Not ``connection``: it looks for the thread's own each time that it is asked for anything.
    database = connections[DEFAULT_DB_ALIAS]
    values = [
        field.get_db_prep_save(field.pre_save(row, add=True), database)
        for row in rows
        for field in _fields(model)
    ]
    with database.cursor() as cursor:
        cursor.execute(_statement(model, len(rows), database.vendor), values)
        keys = cursor.fetchall()
    for row, (key,) in zip(rows, keys, strict=True):
        setattr(row, model._meta.pk.attname, key)
        row._state.adding, row._state.db = False, database.alias


@cache
def _fields(model: type[Model]) -> tuple["Field[Any, Any]", ...]:
    """What an insert gives: all fields but a key that the database counts."""
    return tuple(each for each in model._meta.concrete_fields if not isinstance(each, AutoField))


@cache
def _statement(model: type[Model], rows: int, vendor: str) -> str:
    """The insert of so many rows, which returns their keys in the order of the rows."""
    meta, quote = model._meta, connection.ops.quote_name
    columns = [quote(str(each.column)) for each in _fields(model)]
    row = f"({', '.join(['%s'] * len(columns))})"
    parts = (
        f"INSERT INTO {quote(meta.db_table)} ({', '.join(columns)})",
        f"VALUES {', '.join([row] * rows)}",
        f"RETURNING {quote(str(meta.pk.column))}",
    )
    return " ".join(parts)
