"""Records a transaction's statements, to send them again without Django.

Of two recordings, parameters that differ become slots for named values; the others stay.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import psycopg
from django.db import connection

from benchmarks.measure import Call
from shop.core import statements as shop_statements

# Django numbers them.
_SAVEPOINT = re.compile(r"\bs\d+_x\d+\b")

type Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Recording:
    """What was sent, and by name the values that were this recording's own."""

    statements: Sequence[tuple[str, Sequence[Any]]]
    values: Values


@dataclass(frozen=True, slots=True)
class Slot:
    """A parameter that is another one each time; ``type`` is what the driver was given."""

    name: str
    type: type[Any]


class Replay:
    """The statements of a transaction, with slots.

    :param key: the name of the value that the database gives
    :param source: how the statement begins that returns it
    :raises AssertionError: the recordings are not of the same transaction
    """

    def __init__(self, one: Recording, other: Recording, *, key: str, source: str) -> None:
        if [sql for sql, _ in one.statements] != [sql for sql, _ in other.statements]:
            raise AssertionError("The two recordings are not of the same statements.")
        self._key = key
        self._source = source
        self._statements = [
            (
                sql,
                [
                    _slot(pair, one.values, other.values)
                    for pair in zip(parameters, others, strict=True)
                ],
            )
            for (sql, parameters), (_, others) in zip(one.statements, other.statements, strict=True)
        ]

    def __len__(self) -> int:
        return len(self._statements)

    def call(self, bare: Any, values: Values) -> Call:
        """What sends them once, with these values, on a connection of ``bare_connection``."""
        late = object()
        known = {**values, self._key: late}
        ready = [
            (_in_style_of(bare, sql), tuple(_filled(each, known, late) for each in parameters))
            for sql, parameters in self._statements
        ]
        steps = [(sql, given, sql.startswith(self._source), late in given) for sql, given in ready]

        def send() -> None:
            cursor = bare.cursor()
            key = None
            for sql, given, is_source, is_late in steps:
                if is_late:
                    given = tuple(key if each is late else each for each in given)
                cursor.execute(sql, given)
                if cursor.description:
                    rows = cursor.fetchall()
                    if is_source:
                        key = rows[0][0]
            bare.commit()

        return send


@contextmanager
def recorded() -> Iterator[list[tuple[str, Sequence[Any]]]]:
    """The statements, with their parameters, that are sent to the default database meanwhile."""
    statements: list[tuple[str, Sequence[Any]]] = []

    def note(
        execute: Callable[..., Any], sql: str, parameters: Any, many: bool, context: Any
    ) -> Any:
        assert not many
        statements.append((_SAVEPOINT.sub("here", sql), tuple(parameters or ())))
        return execute(sql, parameters, many, context)

    # One by one, as the bare driver sends them.
    one_by_one = patch.object(shop_statements, "takes_many", return_value=False)
    with one_by_one, connection.execute_wrapper(note):
        yield statements


def bare_connection() -> Any:
    """The default database, without Django; set up as it sets up its own connections."""
    if connection.vendor == "sqlite":
        given = connection.settings_dict
        bare = sqlite3.connect(given["NAME"], timeout=5, isolation_level=None)
        bare.executescript(given["OPTIONS"]["init_command"])
        bare.execute("PRAGMA foreign_keys = ON")
        return bare
    given = connection.get_connection_params()
    names = ("dbname", "user", "host", "options")
    return psycopg.connect(
        **{name: given[name] for name in names if name in given}, prepare_threshold=0
    )


def _slot(pair: tuple[Any, Any], values: Values, others: Values) -> Any:
    if pair[0] == pair[1]:
        return pair[0]
    if isinstance(pair[0], list):
        return [_slot(each, values, others) for each in zip(*pair, strict=True)]
    names = [name for name in values if (values[name], others[name]) == pair]
    if len(names) != 1:
        raise AssertionError(f"Of {pair}, nobody knows what it is: {names or 'nothing'}.")
    return Slot(names[0], type(pair[0]))


def _filled(parameter: Any, values: Values, late: object) -> Any:
    if isinstance(parameter, list):
        return [_filled(each, values, late) for each in parameter]
    if not isinstance(parameter, Slot):
        return parameter
    value = values[parameter.name]
    return value if value is late else parameter.type(value)


def _in_style_of(bare: Any, sql: str) -> str:
    return sql.replace("%s", "?") if isinstance(bare, sqlite3.Connection) else sql
