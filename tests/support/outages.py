"""A database that is away, and what the log of a shop has then."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection
from django.utils.module_loading import import_string

from shop.sales.showcase import showcase


@contextmanager
def database_away(but_for: Callable[[str], bool] = lambda sql: False) -> Iterator[None]:
    """Statements fail as they do while PostgreSQL is away; the showcase asks once more.

    :param but_for: which statements are answered all the same
    """

    def refuse(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if but_for(sql):
            return execute(sql, params, many, context)
        raise OperationalError("connection to server failed: Connection refused\n\tIs it running?")

    with connection.execute_wrapper(refuse):
        showcase._tried_at = float("-inf")
        yield
    showcase._tried_at = float("-inf")


@contextmanager
def console() -> Iterator[StringIO]:
    """What the shop's console has, through its filters."""
    log, handler = StringIO(), logging.StreamHandler()
    handler.setStream(log)
    given: Any = settings.LOGGING
    handler.setFormatter(logging.Formatter(given["formatters"]["line"]["format"], style="{"))
    for name in given["handlers"]["console"]["filters"]:
        handler.addFilter(import_string(given["filters"][name]["()"])())
    logging.getLogger().addHandler(handler)
    try:
        yield log
    finally:
        logging.getLogger().removeHandler(handler)
