"""What load balancers and operators are told: that it can serve, and whether its clock is right."""

import logging
from collections.abc import Iterator
from typing import Any, Never

import pytest
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import Settings

from shop.core.machine_clock import unix_seconds
from shop.operations import database_clock, schema
from shop.operations.schema import schema_watch
from shop.sales.models import Sale


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    schema_watch.forget()
    yield
    schema_watch.forget()


def be_away(*_: Any) -> Never:
    """A database that cannot be reached, as ``connection.execute_wrapper`` takes it."""
    raise OperationalError


def test_a_machine_whose_clock_is_right_says_so(sale: Sale, client: Client) -> None:
    """Under a frozen clock too: what is compared is the machine's own."""
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["database"] == answer.json()["clock"] == "ok"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "ok"),
        (58, "ok"),
        (-58, "ok"),
        (62, "62 s ahead of the database's"),
        (-62, "62 s behind the database's"),
        (600, "600 s ahead of the database's"),
    ],
)
def test_a_machine_whose_clock_is_off_by_minutes_is_reported_and_serves_on(
    sale: Sale,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    seconds: int,
    told: str,
) -> None:
    monkeypatch.setattr(database_clock, "unix_seconds", lambda: unix_seconds() + seconds)
    with caplog.at_level(logging.WARNING, logger="shop.health"):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["clock"]) == (200, told)
    assert [record.getMessage() for record in caplog.records] == (
        [] if told == "ok" else [f"This machine's clock is {told}"]
    )


def test_a_schema_that_lacks_a_migration_is_not_ready_until_it_has_it(
    sale: Sale, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database says so, as it does where a newer release starts before ``migrate`` has run."""
    with connection.cursor() as cursor:
        forget = "DELETE FROM django_migrations WHERE app = 'sales' AND name LIKE '0005%'"
        cursor.execute(forget)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["schema"]) == (503, "lacks 1 migration")
    with connection.execute_wrapper(be_away):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["schema"]) == (503, "lacks 1 migration")
    monkeypatch.setattr(schema, "unapplied_migrations", list)
    assert client.get("/readyz").status_code == 503
    monkeypatch.setattr(schema, "ASK_EVERY_SECONDS", 0)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["schema"]) == (200, "ok")


def test_a_schema_with_migrations_of_a_newer_release_is_ready(sale: Sale, client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied)"
            " VALUES ('sales', '0999_newer', '2026-11-27 11:00:00+00:00')"
        )
    assert client.get("/readyz").status_code == 200


def test_without_its_database_a_warm_showcase_is_ready(sale: Sale, client: Client) -> None:
    assert client.get("/readyz").status_code == 200
    with connection.execute_wrapper(be_away):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (200, "away")


def test_that_a_process_is_up_asks_no_database(
    client: Client, django_assert_num_queries: Any, db: None
) -> None:
    with django_assert_num_queries(0):
        assert client.get("/healthz").status_code == 200


def test_a_load_balancer_asks_by_ip_address_and_nobody_else_does(
    sale: Sale, client: Client, settings: Settings
) -> None:
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["shop.example"], True
    asked: dict[str, Any] = {"headers": {"host": "10.1.2.3:8000"}}
    for path in ("/healthz", "/healthz/", "/readyz", "/readyz/"):
        assert client.get(path, **asked).status_code == 200
    settings.SECURE_SSL_REDIRECT = False
    assert client.get("/", **asked).status_code == 400
