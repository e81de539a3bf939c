"""Locks on names: in a transaction, until it ends."""

from collections.abc import Iterable
from hashlib import blake2b

from django.contrib.contenttypes.models import ContentType
from django.db import connection


def lock_names(names: Iterable[str]) -> None:
    """Wait until no other transaction holds one of the names, and hold them.

    On PostgreSQL by advisory locks. SQLite needs none: its transactions are IMMEDIATE, one at a
    time. Any other database has one row locked, which everybody asks for: slower, and right.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # In one order, so that two who want the same names cannot deadlock.
            for key in sorted({key_of(name) for name in names}):
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
    elif connection.vendor != "sqlite":
        ContentType.objects.select_for_update().get(app_label="contenttypes", model="contenttype")


def key_of(name: str) -> int:
    """The number by which PostgreSQL knows a name's lock: 64 bits, signed."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)
