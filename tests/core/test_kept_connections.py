"""A thread keeps its connection to the database from one request to the next."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import close_old_connections, connection, connections

pytestmark = pytest.mark.django_db(transaction=True)


def take_a_request() -> object:
    """What Django does around a request that asks the database; the connection that it had."""
    close_old_connections()
    connection.ensure_connection()
    used: object = connection.connection
    close_old_connections()
    return used


def test_the_next_request_of_a_thread_has_the_connection_of_the_last_one() -> None:
    with ThreadPoolExecutor(1) as thread:
        first, second = (thread.submit(take_a_request).result() for _ in range(2))
        thread.submit(connections.close_all).result()
    assert first is second


def test_a_transaction_that_was_left_open_is_not_handed_on() -> None:
    with ThreadPoolExecutor(1) as thread:
        # ``connection`` is looked up in the thread: each has its own.
        thread.submit(lambda: connection.set_autocommit(False)).result()
        left = thread.submit(lambda: connection.connection).result()
        assert left is not None
        assert thread.submit(take_a_request).result() is not left
        thread.submit(connections.close_all).result()
