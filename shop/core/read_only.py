"""Blocks in which the database takes no writes from this thread."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

#: The first words of statements that change no row; transactions may begin and end.
_HARMLESS = frozenset({"SELECT", "BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK"})


class WouldWrite(Exception):
    """A statement would have written."""


@contextmanager
def only_reading() -> Iterator[None]:
    """Refuse all that writes, within the block.

    :raises WouldWrite: it is raised where a statement would have written
    """
    with connection.execute_wrapper(_refuse_writes):
        yield


def _refuse_writes(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    words = sql.lstrip("( \n").split(maxsplit=1)
    if not words or words[0].upper() not in _HARMLESS:
        raise WouldWrite(words[0] if words else "nothing")
    return execute(sql, params, many, context)
