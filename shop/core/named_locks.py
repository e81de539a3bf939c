"""Locks on names: in a transaction, until it ends."""

from collections.abc import Iterable
from functools import cache
from hashlib import blake2b

from django.contrib.contenttypes.models import ContentType
from django.db import connection

from shop.core.compiled_sql import CompiledQuery
from shop.core.statements import SqlStatement


def lock_statements(names: Iterable[str]) -> list[SqlStatement]:
    """Statements that wait until no other transaction holds one of the names, and hold them.

    On PostgreSQL by advisory locks. SQLite needs none: its transactions are IMMEDIATE, one at a
    time. Any other database has one row locked, which everybody asks for: slower, and right.
    """
    if connection.vendor == "sqlite":
        return []
    if connection.vendor != "postgresql":
        return [_lock_of_all(connection.vendor).statement({})]
    # In one order, so that two who want the same names cannot deadlock.
    keys = sorted({key_of(name) for name in names})
    return [SqlStatement("SELECT pg_advisory_xact_lock(%s)", [key]) for key in keys]


def key_of(name: str) -> int:
    """The number by which PostgreSQL knows a name's lock: 64 bits, signed."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)


@cache
def _lock_of_all(vendor: str) -> CompiledQuery:
    row = ContentType.objects.filter(app_label="contenttypes", model="contenttype")
    return CompiledQuery.select(row.select_for_update().values_list("pk"))
