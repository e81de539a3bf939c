"""Upserts: many rows written in one statement, and counts that are added to.

The ORM can set a column on a conflict, and not add to it.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Model, UniqueConstraint

from shop.core.compiled_sql import adapt_value
from shop.core.statements import Row, SqlStatement, run_together


def update_in_bulk(model: type[Model], rows: Sequence[Any], fields: Collection[str]) -> None:
    """Write fields of existing rows, in the order of their keys, as others lock them.

    :raises django.db.IntegrityError: a constraint holds something against one of them
    """
    # An upsert: Django's ``bulk_update`` takes a branch for each row and field.
    if rows:
        model._base_manager.bulk_create(
            sorted(rows, key=lambda row: row.pk),
            update_conflicts=True,
            unique_fields=["pk"],
            update_fields=fields,
        )


def add_counts(model: type[Model], rows: Sequence[Row]) -> list[Row]:
    """Insert rows, or add their counts to the rows that have their keys already.

    A model's key is its unique constraint; its other fields are counts. In the
    order of their keys, rows are locked so that no two processes deadlock.

    :param rows: values of all fields but the id, each key once
    :returns: the rows as they are then: locked, so they cannot be stale
    """
    if not rows:
        return []
    [result] = run_together([count_statement(model, rows)])
    return result.rows


def count_statement(model: type[Model], rows: Sequence[Row]) -> SqlStatement:
    """The statement of ``add_counts``, for one row or more."""
    insert, on_conflict = _sql(model)
    row = f"({', '.join(['%s'] * len(rows[0]))})"
    values = [adapt_value(value) for row in rows for value in row]
    return SqlStatement(f"{insert} VALUES {', '.join([row] * len(rows))} {on_conflict}", values)


def add_selected_counts(
    model: type[Model], source: str, parameters: Mapping[str, Any]
) -> list[Row]:
    """Do the same with the rows of an SQL expression, such as a SELECT with a WHERE clause."""
    insert, on_conflict = _sql(model)
    with connection.cursor() as cursor:
        cursor.execute(f"{insert} {source} {on_conflict}", parameters)
        rows: list[Row] = cursor.fetchall()
    return rows


@cache
def _sql(model: type[Model]) -> tuple[str, str]:
    """The statement around the rows: what comes before them, and what after."""
    meta, quote = model._meta, connection.ops.quote_name
    unique = next(each for each in meta.constraints if isinstance(each, UniqueConstraint))
    fields = [each for each in meta.concrete_fields if not each.primary_key]
    columns = {each.name: quote(str(each.column)) for each in fields}
    key = ", ".join(columns[name] for name in unique.fields)
    counts = [column for name, column in columns.items() if name not in unique.fields]
    every = ", ".join(columns.values())
    table = quote(meta.db_table)
    sums = ", ".join(f"{count} = {table}.{count} + excluded.{count}" for count in counts)
    return (
        f"INSERT INTO {table} ({every})",
        f"ON CONFLICT ({key}) DO UPDATE SET {sums} RETURNING {every}",
    )
