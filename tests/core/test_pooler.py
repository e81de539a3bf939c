"""PgBouncer in transaction mode, from Debian's package, with nothing set for the shop."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db.utils import ConnectionHandler
from pytest_django import DjangoDbBlocker

from shop.core.database_url import database_settings
from tests.support.pooler import POOL_SIZE, pooler
from tests.support.postgres import postgres_server

pytestmark = pytest.mark.verify

CLIENTS = 20


@pytest.fixture
def address() -> Iterator[str]:
    """A pooler's address, before a server that is not in UTC."""
    with postgres_server() as server:
        server.psql("ALTER DATABASE postgres SET TimeZone = 'Europe/Berlin'")
        with pooler(server.pgdata) as before:
            yield f"{before}/postgres"


def test_it_refuses_what_the_shop_once_sent(address: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="unsupported startup parameter"):
        psycopg.connect(address, options="-c statement_timeout=10000")


def test_twenty_clients_share_four_sessions_and_each_has_utc(
    address: str, django_db_blocker: DjangoDbBlocker
) -> None:
    databases = ConnectionHandler({"default": database_settings(address, timeout=5)})

    def ask(_: int) -> list[tuple[str, int]]:
        with databases["default"].cursor() as cursor:
            answers = []
            for _ in range(50):
                cursor.execute("SELECT current_setting('TimeZone'), pg_backend_pid()")
                answers += cursor.fetchall()
        databases.close_all()
        return answers

    with django_db_blocker.unblock(), ThreadPoolExecutor(CLIENTS) as threads:
        answers = [each for some in threads.map(ask, range(CLIENTS)) for each in some]
    assert Counter(zone for zone, _ in answers) == {"UTC": CLIENTS * 50}
    assert len({session for _, session in answers}) <= POOL_SIZE
