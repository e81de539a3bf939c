"""The Stripe stand-in as a process of its own, and a client for it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
import stripe

from shop.qa.pytest_plugin.factories import ROOT


class StripeApi:
    """Where the API is, and a client of the real library for it."""

    def __init__(self, base: str, secret_key: str = "sk_test_conformance") -> None:
        self.base = base
        self.secret_key = secret_key
        # No retries of the library's own: the tests look at single answers.
        self.v1 = stripe.StripeClient(
            secret_key, base_addresses={"api": base}, max_network_retries=0
        ).v1

    def token(self, payment_method: str = "pm_card_visa") -> str:
        tokens = self.v1.test_helpers.confirmation_tokens
        return tokens.create({"payment_method": payment_method}).id

    def intent(self, **params: Any) -> stripe.PaymentIntent:
        defaults = {"amount": 4990, "currency": "eur", "allowed_payment_method_types": ["card"]}
        key = params.pop("idempotency_key", None)
        request: Any = {**defaults, **params}
        return self.v1.payment_intents.create(request, {"idempotency_key": key} if key else {})

    def confirm(
        self, intent: stripe.PaymentIntent, payment_method: str = "pm_card_visa", **params: Any
    ) -> stripe.PaymentIntent:
        """Confirm with a fresh token, as the shop does."""
        if "confirmation_token" not in params:
            params["confirmation_token"] = self.token(payment_method)
        request: Any = {"return_url": "https://shop.example/orders/1/", **params}
        return self.v1.payment_intents.confirm(intent.id, request)

    def retrieve(self, intent: stripe.PaymentIntent, **params: Any) -> stripe.PaymentIntent:
        request: Any = params
        return self.v1.payment_intents.retrieve(intent.id, request)

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
        yield StripeApi(announced.split()[-1])
    finally:
        process.terminate()
        try:
            status = process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert status == 0, f"stopped with {status}"
