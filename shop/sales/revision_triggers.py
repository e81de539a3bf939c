"""Triggers that note which rows have changed of those that the showcase reads.

Whatever writes to a row, a form, a command, a statement by hand, its trigger notes it in the same
transaction, in a ``Revision`` of that row's own: no two transactions wait for each other that would
not have waited for the row itself.

``migrate`` sets them: SQLite loses the triggers of a table that a migration alters.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from shop.sales.revisions import EVERYTHING, TABLE, WATCHED, Watched

_PREFIX = "showcase"


def set_triggers(using: str) -> None:
    """Set all triggers, and no other: those that are there as they should be are left alone.

    Where one was missing, something may have changed unnoticed: everything is told as changed.
    """
    database = connections[using]
    if database.vendor not in _NUMBERS:
        return
    tables = {TABLE, *(each.table for each in WATCHED)}
    is_whole = tables <= set(database.introspection.table_names())
    wanted = {each.name: each for each in _triggers(database.vendor)} if is_whole else {}
    with transaction.atomic(using=using), database.cursor() as cursor:
        there = _present(database, cursor)
        for name in there - wanted.keys():
            cursor.execute(_drop(database.vendor, name))
        if missing := wanted.keys() - there:
            for name in sorted(missing):
                for statement in wanted[name].statements:
                    cursor.execute(statement)
            cursor.execute(_note(database.vendor, f"'{EVERYTHING}', 0, NULL, NULL"))


def has_triggers() -> bool:
    """Whether all of them are there; none ever is in a database that is neither of the two."""
    if connection.vendor not in _NUMBERS:
        return False
    with connection.cursor() as cursor:
        there = _present(connection, cursor)
    return there == {each.name for each in _triggers(connection.vendor)}


@dataclass(frozen=True)
class _Trigger:
    """A trigger whose name tells its definition, so that another one replaces it."""

    name: str
    statements: tuple[str, ...]


def _triggers(vendor: str) -> Iterator[_Trigger]:
    for watched in WATCHED:
        for event in ("UPDATE",) if watched.only else ("INSERT", "UPDATE", "DELETE"):
            templates = (
                _postgresql(watched, event) if vendor == "postgresql" else _sqlite(watched, event)
            )
            digest = sha256("".join(templates).encode()).hexdigest()[:8]
            name = f"{_PREFIX}_{watched.kind.replace(' ', '_')}_{event.lower()}_{digest}"
            yield _Trigger(name, tuple(each.replace("{name}", name) for each in templates))


def _sqlite(watched: Watched, event: str) -> tuple[str, ...]:
    row = "OLD" if event == "DELETE" else "NEW"
    when = " OR ".join(f"OLD.{each} IS NOT NEW.{each}" for each in watched.columns)
    owners = _owners(watched, event, "IS")
    note = _note("sqlite", f"'{watched.kind}', {row}.id, {owners}")
    return (
        f"CREATE TRIGGER {{name}} AFTER {event} ON {watched.table} "
        + (f"WHEN {when} " if event == "UPDATE" else "")
        + f"BEGIN {note}; END",
    )


def _postgresql(watched: Watched, event: str) -> tuple[str, ...]:
    row = "OLD" if event == "DELETE" else "NEW"
    when = " OR ".join(f"OLD.{each} IS DISTINCT FROM NEW.{each}" for each in watched.columns)
    owners = _owners(watched, event, "IS NOT DISTINCT FROM")
    note = _note("postgresql", f"'{watched.kind}', {row}.id, {owners}")
    return (
        "CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {note}; RETURN NULL; END $$",
        f"CREATE TRIGGER {{name}} AFTER {event} ON {watched.table} FOR EACH ROW "
        + (f"WHEN ({when}) " if event == "UPDATE" else "")
        + "EXECUTE FUNCTION {name}()",
    )


def _owners(watched: Watched, event: str, is_same: str) -> str:
    """The sale and the product of a row, as SQL; neither where it had another: then all turns."""

    def value(column: str) -> str:
        new, old = f"NEW.{column}", f"OLD.{column}"
        if not column:
            return "NULL"
        if event == "UPDATE":
            return f"CASE WHEN {new} {is_same} {old} THEN {new} END"
        return old if event == "DELETE" else new

    return f"{value(watched.sale)}, {value(watched.product)}"


#: What a change is noted with: it rises with time.
_NUMBERS = {
    "postgresql": "pg_current_xact_id()::text::bigint",
    "sqlite": f"(SELECT COALESCE(MAX(number), 0) + 1 FROM {TABLE})",  # noqa: S608
}


def _note(vendor: str, values: str) -> str:
    """The statement that notes a change."""
    columns = "kind, key, sale, product, number"
    return (
        f"INSERT INTO {TABLE} ({columns}) VALUES ({values}, {_NUMBERS[vendor]}) "  # noqa: S608
        "ON CONFLICT (kind, key) DO UPDATE SET"
        " sale = excluded.sale, product = excluded.product, number = excluded.number"
    )


def _present(database: BaseDatabaseWrapper, cursor: CursorWrapper) -> set[str]:
    """The names of the triggers that are there."""
    cursor.execute(
        "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal"
        if database.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    return {name for (name,) in cursor.fetchall() if name.startswith(f"{_PREFIX}_")}


def _drop(vendor: str, name: str) -> str:
    if vendor == "postgresql":
        # The trigger goes with its function.
        return f"DROP FUNCTION {name}() CASCADE"
    return f"DROP TRIGGER {name}"
