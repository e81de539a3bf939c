"""Fixtures of tests that pay, and the types of fixtures that many tests ask for."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.template.base import PartialTemplate, Template
from django.template.context import Context
from django.test import TransactionTestCase
from django.utils.safestring import SafeString
from stripe import StripeClient

from shop.core import machine_clock
from shop.qa.pytest_plugin import fixtures
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.stripe import Stripe
from shop.sales.models import Sale
from tests.support.write_transactions import WriteTransactions, watched

type Card = fixtures.Card
type Clock = fixtures.Clock
type Ledger = Callable[[], list[dict[str, Any]]]


class MachineClock:
    """The machine's own clock, which stands still here and is moved by a test alone."""

    def __init__(self) -> None:
        self.seconds = float(int(machine_clock.unix_seconds()))

    def tick(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> MachineClock:
    """The clock by which log-ins end, whatever time the shop shows."""
    clock = MachineClock()
    monkeypatch.setattr(machine_clock, "unix_seconds", lambda: clock.seconds)
    return clock


@pytest.fixture
def buyer(sale: Sale, stripe_api: StripeClient, shopper: ShopClient) -> ShopClient:
    """A shopper who took the mug along at 12:00, Berlin time, held until 12:30."""
    assert shopper.add(shopper.offer()).status == 303
    return shopper


@pytest.fixture
def ledger(stripe: Stripe) -> Ledger:
    """Payments since the test began, as the stand-in says behind everybody's back."""
    return stripe.ledger


@pytest.fixture(autouse=True)
def write_transactions(monkeypatch: pytest.MonkeyPatch) -> Iterator[WriteTransactions]:
    """No request of any test does anything slow while it holds a write transaction."""
    with watched(monkeypatch) as watch:
        yield watch
    assert watch.found == []


@pytest.fixture(scope="session", autouse=True)
def plain_rendering(django_test_environment: None) -> Iterator[None]:
    """Render templates as in production.

    Django's test client would copy the context of each, for assertions that no test makes.
    """

    def render(template: Template, context: Context) -> SafeString:
        return template.nodelist.render(context)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Template, "_render", render)
        patch.setattr(PartialTemplate, "_render", render)
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """SQLite waits for no disk: nobody needs the tests' database after a crash of the machine."""
    options = settings.DATABASES["default"].get("OPTIONS", {})
    if "init_command" in options:
        options["init_command"] += " PRAGMA synchronous = OFF;"


@pytest.fixture(scope="session", autouse=True)
def quick_emptying() -> Iterator[None]:
    """Empty the database after a test that commits in a tenth of the time."""
    from tests.support.emptying import empty_database

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_database)
        yield


@pytest.fixture(params=["sqlite", "postgresql"])
def either_database(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Either database for processes that a test starts, wherever the other tests run; its name."""
    if request.param == "sqlite":
        monkeypatch.delenv("DATABASE_URL", raising=False)
        yield "SQLite"
        return
    from tests.support.postgres import postgres_server

    with postgres_server() as server:
        monkeypatch.setenv("DATABASE_URL", f"postgres://postgres@/{server.pgdata}/postgres")
        yield "PostgreSQL"
