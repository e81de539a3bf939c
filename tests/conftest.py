"""The fixtures that every room's tests use: a shop, a merchant's sale, shoppers, Stripe."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import stripe
from django.core.files.storage import InMemoryStorage
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from joserfc.jwk import OctKey
from pytest_django import Settings

from shop.sales.models import Sale
from shop.sales.showcase import showcase
from tests.shop import Shopper, make_sale

#: The window of the sale that most tests are about: a quarter of an hour, prices held for half.
OPENS = datetime(2026, 11, 27, 11, 0, tzinfo=UTC)
CLOSES = OPENS + timedelta(minutes=15)
HOLD = timedelta(minutes=30)

ROOT = Path(__file__).parent.parent


def new_key(kid: str, status: str = "active") -> dict[str, Any]:
    """A fresh HS256 key, as a member of a private JWK Set."""
    return {**OctKey.generate_key(256).as_dict(private=True), "kid": kid, "status": status}


@pytest.fixture(autouse=True)
def _a_process_of_its_own(settings: Settings) -> Iterator[None]:
    """Each test starts with keys of its own, an empty showcase, and storage in memory."""
    settings.OFFER_KEYS = json.dumps({"keys": [new_key("tests")]})
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": f"{InMemoryStorage.__module__}.{InMemoryStorage.__name__}"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    # Slow by design in production, and many of our tests log in.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    showcase.clear()
    yield
    showcase.clear()


@pytest.fixture
def clock() -> Iterator[FrozenDateTimeFactory]:
    """The shop's time, stopped at the opening of the sale; ``clock.move_to(…)`` travels."""
    with freeze_time(OPENS) as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        yield clock


@pytest.fixture
def sale(db: None, clock: FrozenDateTimeFactory) -> Sale:
    """A published sale with two deals: a mug for €4.99 in place of €49.90, and a lamp."""
    return make_sale(starts_at=OPENS, ends_at=CLOSES, hold=HOLD)


@pytest.fixture
def shopper() -> Shopper:
    """Someone with a browser."""
    return Shopper()


@pytest.fixture
def another_shopper() -> Shopper:
    """Someone else, with another browser."""
    return Shopper()


@pytest.fixture(scope="session")
def stripe_base() -> Iterator[str]:
    """The address of the Stripe stand-in, a process of its own on the real clock."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "shop.sandbox", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    _wait_for(lambda: bool(urllib.request.urlopen(f"{base}/health", timeout=1).status == 200))
    yield base
    process.terminate()
    process.wait(timeout=5)


@pytest.fixture
def stripe_api(settings: Settings, stripe_base: str) -> stripe.StripeClient:
    """Stripe as the shop sees it, for looking behind the shop's back."""
    settings.STRIPE_API_BASE = stripe_base
    settings.STRIPE_SECRET_KEY = "sk_test_shop"
    return stripe.StripeClient("sk_test_shop", base_addresses={"api": stripe_base})


@pytest.fixture
def card(stripe_api: stripe.StripeClient) -> Callable[[str], str]:
    """Enter a test card: the ConfirmationToken that Stripe.js would make of it."""

    def enter(payment_method: str = "pm_card_visa") -> str:
        tokens = stripe_api.v1.test_helpers.confirmation_tokens
        return tokens.create({"payment_method": payment_method}).id

    return enter


def _wait_for(is_up: Callable[[], bool]) -> None:
    deadline = time.clock_gettime(time.CLOCK_MONOTONIC) + 15
    while True:
        try:
            if is_up():
                return
        except OSError:
            if time.clock_gettime(time.CLOCK_MONOTONIC) > deadline:
                raise
        time.sleep(0.05)
