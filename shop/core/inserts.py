"""Inserts of new rows, by statements that are compiled once.

Django writes the SQL of an insert anew each time, and takes longer for it than the database does
to run it.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import (
    AutoField,
    BooleanField,
    CharField,
    DateTimeField,
    Field,
    ForeignKey,
    IntegerField,
    Model,
    TextField,
)

from shop.core.compiled_sql import adapt_value
from shop.core.statements import Row, SqlStatement, run_together

#: Fields whose values Django would hand to the driver as ``adapt_value`` does.
_PLAIN = (BooleanField, CharField, DateTimeField, ForeignKey, IntegerField, TextField)


def insert_rows(rows: Sequence[Model]) -> None:
    """Insert new rows of one model in one statement, and give each the key that it got.

    :raises django.db.IntegrityError: a constraint holds something against one of them
    """
    if rows:
        [result] = run_together([insert_statement(rows)])
        take_keys(rows, result.rows)


def insert_statement(rows: Sequence[Model], *, on_conflict: str = "") -> SqlStatement:
    """The statement that inserts new rows of one model, and returns their keys in their order.

    As with ``bulk_create``, no signal is sent. Values are plain ones: no expressions.

    :param on_conflict: what becomes of a row that a constraint holds something against
    """
    model = type(rows[0])
    values = [value for row in rows for value in _values(row)]
    return SqlStatement(_sql(model, len(rows), connection.vendor, on_conflict), values)


def take_keys(rows: Sequence[Model], keys: Sequence[Row]) -> None:
    """Give inserted rows the keys that their statement returned."""
    for row, (key,) in zip(rows, keys, strict=True):
        setattr(row, row._meta.pk.attname, key)
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def _values(row: Model) -> Iterator[Any]:
    for field, is_plain in _fields(type(row)):
        if is_plain:
            yield adapt_value(getattr(row, field.attname))
        else:
            value = field.pre_save(row, add=True)
            yield field.get_db_prep_save(value, connections[DEFAULT_DB_ALIAS])


@cache
def _fields(model: type[Model]) -> tuple[tuple["Field[Any, Any]", bool], ...]:
    """What an insert gives: all fields but a key that the database counts; and which are plain."""
    fields = [each for each in model._meta.concrete_fields if not isinstance(each, AutoField)]
    return tuple((each, isinstance(each, _PLAIN)) for each in fields)


@cache
def _sql(model: type[Model], rows: int, vendor: str, on_conflict: str) -> str:
    """The insert of so many rows."""
    meta, quote = model._meta, connection.ops.quote_name
    columns = [quote(str(each.column)) for each, _ in _fields(model)]
    row = f"({', '.join(['%s'] * len(columns))})"
    parts = (
        f"INSERT INTO {quote(meta.db_table)} ({', '.join(columns)})",
        f"VALUES {', '.join([row] * rows)}",
        on_conflict,
        f"RETURNING {quote(str(meta.pk.column))}",
    )
    return " ".join(filter(None, parts))
