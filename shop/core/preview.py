"""What is different while a preview is answered: a page at another instant, for staff alone.

The views are the shop's own, with another ``now``. Here, or where ``is_on`` is asked:

* It signs with keys of a realm of its own: its offers cannot be redeemed, nor real ones in it.
* It reads a snapshot of its own, with drafts; nothing that was made for it is cached for others.
* It reverses addresses under its own prefix, so that links and forms stay in it.
* It counts no refusal and settles no order; the database refuses all but queries.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.urls import get_script_prefix, set_script_prefix

from offers import realms

REALM = "preview"


class NotInPreview(Exception):
    """A statement of a preview would have written."""


def is_on() -> bool:
    """Whether a preview is being answered."""
    return realms.in_force() == REALM


@contextmanager
def on(prefix: str) -> Iterator[None]:
    """Answer the block as a preview, with the prefix of all its addresses."""
    prefix_before = get_script_prefix()
    with realms.entered(REALM), connection.execute_wrapper(_only_read):
        set_script_prefix(prefix)
        try:
            yield
        finally:
            set_script_prefix(prefix_before)


def _only_read(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """:raises NotInPreview: it is not a query"""
    if not sql.lstrip("( \n").upper().startswith("SELECT"):
        raise NotInPreview(sql.split(maxsplit=1)[0])
    return execute(sql, params, many, context)
