"""``DATABASE_URL``: all that is written in it is honored, or refused at start."""

import importlib.util
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from django.core.exceptions import ImproperlyConfigured

from shop.core.written_address import check_letters, split_address, whole_seconds

type DatabaseSettings = dict[str, Any]


def database_settings(url: str, *, timeout: float) -> DatabaseSettings:
    """Django's settings of a database: what its address says, before what the shop prefers.

    :param timeout: how long SQLite waits for another writer, in seconds
    :raises ImproperlyConfigured: something in it cannot be honored
    """
    try:
        check_letters(url)
    except ValueError as problem:
        raise _refusal(str(problem)) from None
    scheme, mark, rest = url.partition("://")
    if mark and scheme in {"postgres", "postgresql", "psql", "pgsql"}:
        return _speaking_postgresql("shop.core.postgresql", rest)
    if mark and scheme == "cockroachdb":
        if importlib.util.find_spec("django_cockroachdb") is None:
            raise _refusal("the package django-cockroachdb is not installed")
        return _speaking_postgresql("django_cockroachdb", rest)
    if mark and scheme == "sqlite":
        return _sqlite(url, timeout)
    form = "postgres://user:password@host:5432/name"
    raise _refusal(f"it begins neither with postgres:// nor with sqlite:///. It is written {form}")


def sqlite_settings(path: Path | str, *, timeout: float) -> DatabaseSettings:
    """Django's settings of an SQLite database in a file."""
    return {
        "ENGINE": "shop.core.sqlite",
        "NAME": str(path),
        # To open one anew, and prepare its statements, takes checkout three milliseconds.
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            # A transaction locks for writing at once: no upgrade, no deadlock.
            "transaction_mode": "IMMEDIATE",
            "timeout": timeout,
            "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
        },
    }


def _speaking_postgresql(engine: str, rest: str) -> DatabaseSettings:
    # Its driver takes as long to import as all other settings: nobody else waits for it.
    from shop.core.postgresql.address import read_address

    return {
        "ENGINE": engine,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        # A pooler in transaction mode gives each transaction another session: nothing of ours
        # may outlive one. So no start-up parameters, prepared statements or open cursors either.
        "DISABLE_SERVER_SIDE_CURSORS": True,
        **read_address(rest),
    }


def _sqlite(url: str, timeout: float) -> DatabaseSettings:
    try:
        parts = split_address(url)
    except ValueError as problem:
        raise _refusal(str(problem)) from None
    path = unquote(parts.path.removeprefix("/"))
    if parts.netloc or not path or path == ":memory:":
        raise _refusal("SQLite's is written sqlite:///relative/path or sqlite:////absolute/path")
    if "#" in url:
        raise _refusal("in a path, # is written %23")
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        given = whole_seconds(value) if name == "timeout" else None
        if given is None:
            raise _refusal(f"{name}={value}: SQLite's only option is timeout, in whole seconds")
        timeout = given
    return sqlite_settings(path, timeout=timeout)


def _refusal(problem: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"DATABASE_URL: {problem}.")
