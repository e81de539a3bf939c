"""Helpers of these tests: the stand-in as a process, a client for it, a shop's webhook inbox."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import requests
import stripe

ROOT = Path(__file__).parents[2]
SECRET_KEY = "sk_test_conformance"
PUBLISHABLE_KEY = "pk_test_conformance"
WEBHOOK_SECRET = "whsec_conformance"
#: Long enough to be seen as `processing`, short enough to wait for.
DELAY = 0.4


@dataclass
class Stripe:
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


def eventually(what: Any, *, within: float = 8.0) -> Any:
    """The first true answer of `what`, asked again and again for a while."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if answer := what():
            return answer
        time.sleep(0.03)
    raise AssertionError(f"nothing within {within} s")


class Inbox(ThreadingHTTPServer):
    """A shop's webhook endpoint that keeps what it gets, and answers as it is told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Letterbox)
        self.letters: list[tuple[bytes, str]] = []
        self.answers: list[int] = []
        #: Cleared, it keeps every answer back: a shop that hangs.
        self.gate = threading.Event()
        self.gate.set()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/stripe/webhook/"

    def events(self, *types: str, about: str | None = None) -> list[stripe.Event]:
        """What arrived, each letter opened with the library's own signature check."""
        events = [
            stripe.Webhook.construct_event(payload, signature, WEBHOOK_SECRET)
            for payload, signature in list(self.letters)
        ]
        return [
            event
            for event in events
            if (not types or event.type in types)
            and (about is None or about in (event.data.object["id"], _payment(event)))
        ]


def _payment(event: stripe.Event) -> str | None:
    return event.data.object.to_dict().get("payment_intent")


class _Letterbox(BaseHTTPRequestHandler):
    server: Inbox

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.letters.append((body, self.headers["Stripe-Signature"]))
        self.server.gate.wait(timeout=20)
        status = self.server.answers.pop(0) if self.server.answers else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", self.server.url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def stand_in(*arguments: str, port: int = 0) -> Iterator[Stripe]:
    """The stand-in as people start it, on a port that the system says is free."""
    command = [sys.executable, "-m", "shop.sandbox", "--port", str(port), *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        announced = process.stdout.readline()
        assert announced.startswith("stripe stand-in: http"), announced
        yield Stripe(announced.split()[-1], SECRET_KEY, is_stand_in=True)
    finally:
        process.terminate()
        try:
            status = process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert status == 0, f"stopped with {status}"
