"""Nobody waits for ever for a database that does not answer."""

import importlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import sleep
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django import Settings
from stripe import StripeClient

from shop.core.machine_clock import monotonic_seconds
from shop.core.postgresql import connection as connections
from shop.core.postgresql import hang_detector, time_limits
from shop.core.postgresql.base import DatabaseWrapper
from shop.core.postgresql.connection import BoundedConnection
from shop.core.postgresql.hang_detector import HangDetector
from shop.core.postgresql.time_limits import answers_within, limited_waits, seconds_left
from shop.payments import reconciliation
from tests.support.mute_server import MuteServer, mute_server

UNANSWERED = "The database does not answer"


@pytest.fixture(autouse=True)
def no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process begins; another test may have begun to serve."""
    monkeypatch.setattr(time_limits, "_limit", None)


@pytest.fixture
def server() -> Iterator[MuteServer]:
    with mute_server() as server:
        yield server


@pytest.fixture
def detector(server: MuteServer, monkeypatch: pytest.MonkeyPatch) -> HangDetector:
    """A detector of its own, in a hurry."""
    monkeypatch.setattr(hang_detector, "SILENCE_SECONDS", 0.1)
    monkeypatch.setattr(hang_detector, "PROBE_SECONDS", 0.3)
    detector = HangDetector()
    monkeypatch.setattr(connections, "detector", detector)
    detector.connect_by(_parameters(server))
    return detector


def _parameters(server: MuteServer) -> dict[str, Any]:
    place = {"host": "127.0.0.1", "port": server.port, "user": "shop"}
    return {**place, "dbname": "shop", "connect_timeout": 3}


def connect(server: MuteServer) -> BoundedConnection:
    return BoundedConnection.connect(autocommit=True, **_parameters(server))


def test_a_statement_without_an_answer_fails_in_time_and_its_connection_is_closed(
    server: MuteServer,
) -> None:
    connection, began = connect(server), monotonic_seconds()
    with (
        limited_waits(0.3),
        pytest.raises(psycopg.OperationalError, match=r"no answer within 0.3 s"),
    ):
        connection.execute("SELECT 1")
    assert 0.3 <= monotonic_seconds() - began < 3
    assert connection.closed
    assert server.canceled.wait(5)


def test_a_connection_that_is_gone_is_put_away_without_another(server: MuteServer) -> None:
    """PgBouncer takes a connection, and ends it with the first statement while the server is away.

    Django asks for the connection's state before the request: an error there is a 500.
    """
    nobody = {"NAME": "shop", "HOST": "127.0.0.1", "PORT": "1", "OPTIONS": {}}
    database = DatabaseWrapper({**connection.settings_dict, **nobody})
    database.connection = connect(server)
    database.connection.close()
    database.close_if_unusable_or_obsolete()
    assert database.connection is None


def test_a_command_has_no_limit(server: MuteServer) -> None:
    assert seconds_left() is None
    with answers_within(0):
        assert seconds_left() is None


def test_a_web_process_has_one(settings: Settings) -> None:
    settings.DATABASE_TIMEOUT_SECONDS = 4
    with limited_waits(60):
        importlib.reload(importlib.import_module("shop.wsgi"))
        assert seconds_left() == 4
    assert seconds_left() is None


@pytest.mark.django_db
def test_a_round_of_reconcile_has_one(
    stripe_api: StripeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = []
    monkeypatch.setattr(reconciliation, "send_missing", lambda now: limits.append(seconds_left()))
    call_command("reconcile")
    assert limits == [reconciliation.DATABASE_SECONDS]


def test_a_page_may_give_all_its_statements_less_time_together(server: MuteServer) -> None:
    connection = connect(server)
    with limited_waits(60), answers_within(0.2):
        with pytest.raises(psycopg.OperationalError, match="no answer within"):
            connection.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError, match="no time left"):
            connect(server)


def test_when_nothing_is_answered_all_that_wait_are_freed_and_others_fail_at_once(
    server: MuteServer, detector: HangDetector
) -> None:
    waiting = [connect(server) for _ in range(3)]
    idle = connect(server)
    server.welcomes.clear()

    def ask(connection: BoundedConnection) -> str:
        with pytest.raises(psycopg.OperationalError) as problem:
            connection.execute("SELECT 1")
        return str(problem.value)

    with limited_waits(60), ThreadPoolExecutor(3) as threads:
        began = monotonic_seconds()
        assert [UNANSWERED in each for each in threads.map(ask, waiting)] == [True] * 3
        assert monotonic_seconds() - began < 10
        assert detector.is_hanging
        began = monotonic_seconds()
        assert UNANSWERED in ask(idle)
        with pytest.raises(psycopg.OperationalError, match=UNANSWERED):
            connect(server)
        assert monotonic_seconds() - began < 2

        server.welcomes.set()
        server.answers.set()
        while detector.is_hanging:
            assert monotonic_seconds() - began < 5
            sleep(0.01)
        connect(server).execute("SELECT 1")


def test_a_probe_that_is_not_answered_behind_a_pool_leaves_no_line_of_its_own(
    server: MuteServer, detector: HangDetector, caplog: pytest.LogCaptureFixture
) -> None:
    """PgBouncer takes its connection; then nothing answers."""
    connection = connect(server)
    with limited_waits(60), pytest.raises(psycopg.OperationalError, match=UNANSWERED):
        connection.execute("SELECT 1")
    server.answers.set()
    began = monotonic_seconds()
    while detector.is_hanging:
        assert monotonic_seconds() - began < 5
        sleep(0.01)
    assert {each.name for each in caplog.records} == {hang_detector.logger.name}


def test_a_slow_statement_is_not_taken_for_a_database_that_hangs(
    server: MuteServer, detector: HangDetector
) -> None:
    connection = connect(server)
    server.answers.set()
    with (
        limited_waits(1),
        pytest.raises(psycopg.OperationalError, match=r"no answer within 1.0 s"),
    ):
        connection.execute("SELECT pg_sleep(60)")
    assert not detector.is_hanging
