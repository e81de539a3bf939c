from collections.abc import Callable
from typing import Any

import pytest
import requests
import stripe

from shop.qa.pytest_plugin.client import ShopClient
from shop.sales.models import Sale


@pytest.fixture
def buyer(sale: Sale, stripe_api: stripe.StripeClient, shopper: ShopClient) -> ShopClient:
    """A shopper who took the mug along at 12:00, Berlin time, held until 12:30."""
    assert shopper.add(shopper.offer()).status == 303
    return shopper


@pytest.fixture
def ledger(stripe_api: stripe.StripeClient, stripe_base: str) -> Callable[[], list[dict[str, Any]]]:
    """Payments since the test began, as the stand-in says behind everybody's back."""
    requests.post(f"{stripe_base}/reset", timeout=5).raise_for_status()

    def read() -> list[dict[str, Any]]:
        payments: list[dict[str, Any]] = requests.get(f"{stripe_base}/ledger", timeout=5).json()[
            "intents"
        ]
        return payments

    return read
