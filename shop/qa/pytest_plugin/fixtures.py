"""The fixtures: ``clock``, ``sale``, ``shopper``, ``merchant`` and ``stripe``, and what they need.

What a freeze costs: freezegun looks through every module that is loaded for
something to replace, 14 ms each time with ours, 70 ms the first time. So it is
started once for a module of tests, running with the real time, and each test
that wants a clock puts a stopped one on top, which takes 0.05 ms.
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

from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS, make_sale, new_key
from shop.qa.pytest_plugin.stand_in import stand_in
from shop.qa.pytest_plugin.stripe import Stripe
from shop.sales.models import Sale
from shop.sales.refusals import refusals
from shop.sales.showcase import showcase

#: Whose time stays real: what measures tests, and what ages connections and waits for answers.
REAL_TIME = [
    "_pytest.runner",
    "_pytest.timing",
    "_pytest.terminal",
    "asyncio",
    "django.db.backends.base",
    "playwright",
    "urllib3",
]


@pytest.fixture(autouse=True)
def _a_process_of_its_own(settings: Settings) -> Iterator[None]:
    """Each test starts with keys of its own, an empty showcase, and storage in memory."""
    settings.OFFER_KEYS = json.dumps({"keys": [new_key("tests")]})
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": f"{InMemoryStorage.__module__}.{InMemoryStorage.__name__}"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    # A thread that writes would write outside of the test's transaction.
    settings.REFUSALS_WRITTEN_EVERY = 0
    settings.ASIDE_THREADS = 0
    # Slow by design in production, and many of our tests log in.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    showcase.clear()
    refusals.clear()
    yield
    showcase.clear()


@pytest.fixture(scope="module")
def _freezable() -> Iterator[None]:
    """Time as freezegun gives it, and for now it is the real one."""
    with freeze_time(datetime.now(UTC), tick=True, ignore=REAL_TIME):
        yield


@pytest.fixture
def clock(_freezable: None) -> Iterator[FrozenDateTimeFactory]:
    """The shop's time, stopped at the opening of the sale; ``clock.move_to(…)`` travels."""
    with freeze_time(OPENS, ignore=REAL_TIME) as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        yield clock


@pytest.fixture
def sale(db: None, clock: FrozenDateTimeFactory) -> Sale:
    """A published sale with two deals: a mug for €4.99 in place of €49.90, and a lamp."""
    return make_sale(starts_at=OPENS, ends_at=CLOSES, hold=HOLD)


@pytest.fixture
def shopper() -> ShopClient:
    """Someone with a browser."""
    return ShopClient()


@pytest.fixture
def another_shopper() -> ShopClient:
    """Someone else, with another browser."""
    return ShopClient()


@pytest.fixture
def merchant(db: None) -> Merchant:
    """Someone at the back office."""
    return Merchant()


@pytest.fixture(scope="session")
def stripe_base() -> Iterator[str]:
    """The address of the Stripe stand-in, a process of its own on the real clock."""
    with stand_in() as api:
        yield api.base


@pytest.fixture
def stripe_api(settings: Settings, stripe_base: str) -> stripe_library.StripeClient:
    """Stripe as the shop sees it, for looking behind the shop's back."""
    settings.STRIPE_API_BASE = stripe_base
    settings.STRIPE_SECRET_KEY = "sk_test_shop"
    return stripe_library.StripeClient("sk_test_shop", base_addresses={"api": stripe_base})


@pytest.fixture
def stripe(stripe_api: stripe_library.StripeClient, stripe_base: str) -> Iterator[Stripe]:
    """Stripe with nothing in its books yet: cards, banks, faults and news."""
    stripe = Stripe(stripe_base, stripe_api)
    stripe.reset()
    yield stripe
    stripe.end_faults()


@pytest.fixture
def card(stripe_api: stripe_library.StripeClient, stripe_base: str) -> Callable[[str], str]:
    """Enter a test card: the ConfirmationToken that Stripe.js would make of it."""
    return Stripe(stripe_base, stripe_api).card
