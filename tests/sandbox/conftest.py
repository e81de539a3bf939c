"""The thing under test: the stand-in as a process of its own, or Stripe itself.

`make test` starts the stand-in. `make stripe-conformance STRIPE_SECRET_KEY=sk_test_…` sets
`STRIPE_CONFORMANCE=1`, and the same cases run against api.stripe.com (or `STRIPE_API_BASE`).
"""

import os
from collections.abc import Iterator

import pytest

from shop.qa.pytest_plugin.stand_in import StripeApi, stand_in
from tests.sandbox.stripe_harness import DELAY, Inbox


@pytest.fixture(scope="session")
def inbox() -> Iterator[Inbox]:
    with Inbox() as inbox:
        yield inbox


@pytest.fixture(scope="session")
def stripe_stand_in(inbox: Inbox) -> Iterator[StripeApi]:
    """The stand-in, whatever the environment says: for the tests of what only it has."""
    with stand_in(*inbox.arguments, "--delay", str(DELAY)) as api:
        yield api


@pytest.fixture(scope="session")
def api(request: pytest.FixtureRequest) -> StripeApi:
    """What the conformance cases run against."""
    if os.environ.get("STRIPE_CONFORMANCE") == "1":
        key = os.environ.get("STRIPE_SECRET_KEY", "")
        if not key.startswith(("sk_test_", "rk_test_")):
            pytest.exit("STRIPE_CONFORMANCE=1 needs STRIPE_SECRET_KEY=sk_test_…", returncode=2)
        base = os.environ.get("STRIPE_API_BASE", "https://api.stripe.com")
        return StripeApi(base, key)
    stood_in: StripeApi = request.getfixturevalue("stripe_stand_in")
    return stood_in
