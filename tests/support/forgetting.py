"""A database that forgets, as one does that a backup was restored to."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from shop.sales.showcase import showcase


@contextmanager
def forgotten() -> Iterator[None]:
    """The database forgets what happens in the block; browsers and Stripe remember it."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    showcase.clear()
