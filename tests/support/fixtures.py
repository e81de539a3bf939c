"""Fixtures of tests that pay, and the types of fixtures that many tests ask for."""

from collections.abc import Callable
from typing import Any

import pytest
from stripe import StripeClient

from shop.qa.pytest_plugin import fixtures
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.stripe import Stripe
from shop.sales.models import Sale

type Card = fixtures.Card
type Clock = fixtures.Clock
type Ledger = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def buyer(sale: Sale, stripe_api: StripeClient, shopper: ShopClient) -> ShopClient:
    """A shopper who took the mug along at 12:00, Berlin time, held until 12:30."""
    assert shopper.add(shopper.offer()).status == 303
    return shopper


@pytest.fixture
def ledger(stripe: Stripe) -> Ledger:
    """Payments since the test began, as the stand-in says behind everybody's back."""
    return stripe.ledger
