"""Fixtures of tests that pay, and the types of fixtures that many tests ask for."""

from collections.abc import Callable
from typing import Any

import pytest
from stripe import StripeClient

from shop.core import machine_clock
from shop.qa.pytest_plugin import fixtures
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.stripe import Stripe
from shop.sales.models import Sale

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
