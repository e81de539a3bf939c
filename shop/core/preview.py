"""What is different while a preview is answered: a page at another instant, for staff alone.

The views are the shop's own, with another ``now``. What must not come of it is
seen to here, around them, or by those who ask ``is_on``:

* What it signs names keys of a realm of its own: no offer of a preview can be
  redeemed, and no real one can be spent in it.
* What it reads is a snapshot of its own, drafts among them (``shop.sales.snapshot_queries``).
  Nothing that was made for it is kept for others: no snapshot, no part of a page.
* It reverses addresses under its own prefix, so that links and forms stay in it.
* It counts no refusal and settles no order; and whoever forgets, the database
  is not told to do anything but read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.urls import get_script_prefix, set_script_prefix

from offers import realms

REALM = "preview"


class NotInPreview(Exception):
    """Something was about to be written while a preview was answered."""


def is_on() -> bool:
    """Whether what is going on is a preview."""
    return realms.in_force() == REALM


@contextmanager
def on(prefix: str) -> Iterator[None]:
    """Let the block be a preview.

    :param prefix: the path that every address of it begins with
    """
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
