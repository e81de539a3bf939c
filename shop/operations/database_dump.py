"""Dumping the database by its own tool: SQLite's online backup, PostgreSQL's ``pg_dump``."""

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection


class DumpFailed(Exception):
    """The database cannot be dumped; the message says why, and the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """A finished dump: its file, the tool's version, and the commands that restore it."""

    file: Path
    tool: str
    restore: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DatabaseServer:
    """Where the database server itself is reached, in place of what ``DATABASE_URL`` names."""

    host: str = ""
    port: str = ""


def dump_database(folder: Path, server: DatabaseServer) -> Dump:
    """Dump the default database into a file of the folder, while the shop goes on selling.

    :raises DumpFailed: the tool is missing, too old or fails, or a pooler stands in between
    """
    return _DUMPS.get(connection.vendor, _refuse)(folder, server)


def _refuse(folder: Path, server: DatabaseServer) -> Dump:
    raise DumpFailed(
        f"Only SQLite and PostgreSQL are dumped by this command, not {connection.vendor}: use "
        "the tool of your database, and keep its dump with the pictures and keys."
    )


def _dump_sqlite(folder: Path, server: DatabaseServer) -> Dump:
    if server != DatabaseServer():
        raise DumpFailed("--host and --port are for PostgreSQL: this shop's database is a file.")
    target = folder / "database.sqlite3"
    live = Path(connection.settings_dict["NAME"]).absolute()
    # A connection of its own reads one state of the log, whatever others write meanwhile.
    try:
        with (
            closing(sqlite3.connect(f"{live.as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
            # The copy is one file: what reads it next needs no log beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
            # Some checks call functions of Django's, which only its connections have.
            copy.execute("PRAGMA ignore_check_constraints = ON")
            [(found,)] = copy.execute("PRAGMA quick_check(1)")
    except sqlite3.Error as error:
        raise DumpFailed(f"{live} cannot be copied: {error}.") from None
    if found != "ok":
        raise DumpFailed(f"SQLite says that its copy of the database is damaged: {found}.")
    return Dump(
        file=target,
        tool=f"SQLite {sqlite3.sqlite_version}",
        restore=(
            f"rm -f {live}-wal {live}-shm",
            f"cp {{folder}}/{target.name} {live}",
        ),
    )


def _dump_postgresql(folder: Path, server: DatabaseServer) -> Dump:
    tool, version = _pg_dump()
    parameters = _libpq_parameters()
    if server == DatabaseServer():
        _refuse_pooler()
    given = {"host": server.host, "port": server.port}
    parameters |= {name: value for name, value in given.items() if value}
    needed = _server_version()
    if version < needed:
        raise DumpFailed(
            f"pg_dump is of PostgreSQL {version}, and the server of {needed}: an older tool cannot "
            f"read it. Install postgresql-client-{needed}, or put its pg_dump first on the PATH."
        )
    target = folder / "database.dump"
    password = parameters.pop("password", None)
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    address = _conninfo(parameters)
    command = [tool, "--format=custom", "--no-password", f"--file={target}", f"--dbname={address}"]
    done = _run(command, environment)
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[:1] or ["it does not say why"]
        raise DumpFailed(f"pg_dump failed: {reason[0].removeprefix('pg_dump: ')}")
    return Dump(
        file=target,
        tool=f"pg_dump {version}",
        restore=(
            f'psql "{address}" -c "DROP SCHEMA public CASCADE" -c "CREATE SCHEMA public"',
            f'pg_restore --no-owner --exit-on-error --dbname="{address}" {{folder}}/{target.name}',
        ),
    )


_DUMPS: Mapping[str, Callable[[Path, DatabaseServer], Dump]] = {
    "sqlite": _dump_sqlite,
    "postgresql": _dump_postgresql,
}


def _pg_dump() -> tuple[str, int]:
    """The path of ``pg_dump``, and its major version."""
    tool = shutil.which("pg_dump")
    if tool is None:
        raise DumpFailed(
            "pg_dump is not installed: it comes with Debian's postgresql-client, and has to be as "
            "new as the server. Install it, or put it on the PATH."
        )
    found = re.search(r"(\d+)", _run([tool, "--version"], {**os.environ}).stdout)
    if found is None:
        raise DumpFailed(f"{tool} does not say its version: it is no pg_dump.")
    return tool, int(found[1])


def _run(command: list[str], environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - pg_dump, with what the settings say of the database
        command, env=environment, capture_output=True, text=True, check=False
    )


def _libpq_parameters() -> dict[str, str]:
    """How Django connects, as far as ``pg_dump`` connects alike: no time-outs of a web process."""
    from psycopg.pq import Conninfo

    known = {each.keyword.decode() for each in Conninfo.get_defaults()} - {"options"}
    given: dict[str, Any] = connection.get_connection_params()
    return {name: str(given[name]) for name in known & given.keys() if given[name] is not None}


def _conninfo(parameters: Mapping[str, str]) -> str:
    from psycopg.conninfo import make_conninfo

    return make_conninfo("", **parameters)


def _refuse_pooler() -> None:
    """Refuse a pooler: it shares connections, and ``pg_dump`` changes settings of its own.

    :raises DumpFailed: what answers at the start of a connection is not what runs its queries
    """
    connection.ensure_connection()
    announced = connection.connection.info.backend_pid
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [serving] = cursor.fetchone()
    if announced != serving:
        raise DumpFailed(
            "DATABASE_URL goes to a pooler, such as pgbouncer: pg_dump would leave its settings on "
            "connections that the shop uses. Name the server itself with --host and --port."
        )


def _server_version() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10_000
