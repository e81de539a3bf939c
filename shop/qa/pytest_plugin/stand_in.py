"""The Stripe stand-in as a process of its own, and a client for it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import requests
import stripe

ROOT = Path(__file__).parents[3]


SECRET_KEY = "sk_test_conformance"


@dataclass
class StripeApi:
    """Where the API is, and a client of the real library for it."""

    base: str
    secret_key: str
    is_stand_in: bool
    client: stripe.StripeClient = field(init=False)

    def __post_init__(self) -> None:
        # No retries of the library's own: the tests look at single answers.
        self.client = stripe.StripeClient(
            self.secret_key, base_addresses={"api": self.base}, max_network_retries=0
        )

    def token(self, payment_method: str = "pm_card_visa", **params: Any) -> str:
        created = self.client.v1.test_helpers.confirmation_tokens.create(
            cast(Any, {"payment_method": payment_method, **params})
        )
        return created.id

    def intent(self, **params: Any) -> stripe.PaymentIntent:
        defaults = {
            "amount": 4990,
            "currency": "eur",
            "allowed_payment_method_types": ["card"],
        }
        key = params.pop("idempotency_key", None)
        return self.client.v1.payment_intents.create(
            cast(Any, {**defaults, **params}), {"idempotency_key": key} if key else {}
        )

    def confirm(
        self,
        intent: stripe.PaymentIntent | str,
        payment_method: str = "pm_card_visa",
        **params: Any,
    ) -> stripe.PaymentIntent:
        """Confirm with a fresh token, as the shop does."""
        id = intent if isinstance(intent, str) else intent.id
        defaults = {"return_url": "https://shop.example/orders/1/"}
        if "confirmation_token" not in params:
            params["confirmation_token"] = self.token(payment_method)
        return self.client.v1.payment_intents.confirm(id, cast(Any, {**defaults, **params}))

    def retrieve(self, intent: stripe.PaymentIntent, **params: Any) -> stripe.PaymentIntent:
        return self.client.v1.payment_intents.retrieve(intent.id, cast(Any, params))

    def http(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        """Past the library, for what it would never send."""
        headers = {"Authorization": f"Bearer {self.secret_key}", **kwargs.pop("headers", {})}
        return requests.request(
            method, self.base + path, headers=headers, timeout=20, allow_redirects=False, **kwargs
        )


@contextmanager
def stand_in(*arguments: str, port: int = 0) -> Iterator[StripeApi]:
    """The stand-in as people start it, on a port that the system says is free."""
    command = [sys.executable, "-m", "shop.sandbox", "--port", str(port), *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        announced = process.stdout.readline()
        assert announced.startswith("stripe stand-in: http"), announced
        yield StripeApi(announced.split()[-1], SECRET_KEY, is_stand_in=True)
    finally:
        process.terminate()
        try:
            status = process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert status == 0, f"stopped with {status}"
