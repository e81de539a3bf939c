"""The fixtures ``clock``, ``sale``, ``shopper``, ``merchant`` and ``stripe``, and what they need.

freezegun searches every loaded module, which takes 14 ms. So it is started once for a
module of tests, with the real time; a test's stopped clock on top takes 0.05 ms.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import stripe as stripe_library
from django.core.files.storage import InMemoryStorage
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from shop.payments.restore_check import restore_check
from shop.payments.stripe_outages import stripe_outages
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS, make_sale, new_key
from shop.qa.pytest_plugin.stand_in import stand_in
from shop.qa.pytest_plugin.stripe import Stripe
from shop.sales.models import Sale
from shop.sales.outage_watch import shop_outages
from shop.sales.refusals import refusals
from shop.sales.showcase import showcase

#: ``card`` enters a card of Stripe's test cards, ``pm_card_visa`` unless told otherwise.
type Card = Callable[..., str]
#: ``clock``, which is moved by ``clock.move_to(instant)``.
type Clock = FrozenDateTimeFactory

#: Modules with the real time: they measure tests, age connections, and wait for answers.
REAL_TIME = [
    "_pytest.runner",
    "_pytest.timing",
    "_pytest.terminal",
    "asyncio",
    "django.db.backends.base",
    "playwright",
    "urllib3",
]


def pytest_configure(config: pytest.Config) -> None:
    """Tests collect no static files, and nobody has to know."""
    config.addinivalue_line("filterwarnings", "ignore:No directory at:UserWarning")


@pytest.fixture(autouse=True)
def _isolated_process(settings: Settings) -> Iterator[None]:
    """New keys, an empty showcase and storage in memory for each test."""
    settings.OFFER_KEYS = json.dumps({"keys": [new_key("tests")]})
    settings.SITE_KEYS = json.dumps({"keys": [new_key("tests-site")]})
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": f"{InMemoryStorage.__module__}.{InMemoryStorage.__name__}"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    # A thread would write outside of the test's transaction.
    settings.REFUSALS_WRITTEN_EVERY = 0
    settings.ASIDE_THREADS = 0
    # Browsers of tests are fast, and many.
    settings.NETWORK_RATE = 0
    # Slow by design in production, and many of our tests log in.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    showcase.clear()
    refusals.clear()
    shop_outages.clear()
    stripe_outages.clear()
    # The stand-in remembers the payments of earlier tests, whose orders were rolled back.
    restore_check.is_done = True
    yield
    showcase.clear()


@pytest.fixture(scope="module")
def _freezable() -> Iterator[None]:
    """freezegun, running with the real time."""
    with freeze_time(datetime.now(UTC), tick=True, ignore=REAL_TIME):
        yield


@pytest.fixture
def clock(_freezable: None) -> Iterator[Clock]:
    """The shop's time, stopped when the sale opens; ``clock.move_to(…)`` changes it."""
    with freeze_time(OPENS, ignore=REAL_TIME) as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        yield clock


@pytest.fixture
def sale(db: None, clock: Clock) -> Sale:
    """A published sale with two deals: a mug for €4.99 in place of €49.90, and a lamp."""
    return make_sale(starts_at=OPENS, ends_at=CLOSES, hold=HOLD)


@pytest.fixture
def shopper() -> ShopClient:
    """A shopper's browser."""
    return ShopClient()


@pytest.fixture
def another_shopper() -> ShopClient:
    """Another shopper's browser."""
    return ShopClient()


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant's browser."""
    return Merchant()


@pytest.fixture(scope="session")
def stripe_base() -> Iterator[str]:
    """The address of the Stripe stand-in, which runs in its own process with the real time."""
    with stand_in() as api:
        yield api.base


@pytest.fixture
def stripe_api(settings: Settings, stripe_base: str) -> stripe_library.StripeClient:
    """A Stripe client with the shop's settings; Stripe knows no payments yet, as the database."""
    settings.STRIPE_API_BASE = stripe_base
    settings.STRIPE_SECRET_KEY = "sk_test_shop"
    client = stripe_library.StripeClient("sk_test_shop", base_addresses={"api": stripe_base})
    Stripe(stripe_base, client).reset()
    return client


@pytest.fixture
def stripe(stripe_api: stripe_library.StripeClient, stripe_base: str) -> Iterator[Stripe]:
    """Stripe without any payments yet."""
    stripe = Stripe(stripe_base, stripe_api)
    yield stripe
    stripe.end_faults()


@pytest.fixture
def card(stripe_api: stripe_library.StripeClient, stripe_base: str) -> Card:
    """Enter a test card: the ConfirmationToken that Stripe.js would make of it."""
    return Stripe(stripe_base, stripe_api).card
