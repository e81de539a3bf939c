"""Stripe from outside the shop: cards, the bank, its books, faults on order, and its news."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import stripe
from django.conf import settings
from django.test import Client

from shop.core.machine_clock import unix_seconds

CONFIRM = "POST /v1/payment_intents/*/confirm"
#: Everything that the shop's server asks; not the page that a card is typed into.
SERVER = ("* /v1/payment_intents*", "GET /v1/confirmation_tokens/*", "* /v1/refunds*")


@dataclass(frozen=True)
class Stripe:
    """The stand-in, a process of its own: what people do there, and what it says of them.

    ``client`` is the real library's, for looking behind the shop's back.
    """

    base: str
    client: stripe.StripeClient

    def card(self, payment_method: str = "pm_card_visa") -> str:
        """Enter a test card: the ConfirmationToken that Stripe.js would make of it."""
        tokens = self.client.v1.test_helpers.confirmation_tokens
        return tokens.create({"payment_method": payment_method}).id

    def ledger(self) -> list[dict[str, Any]]:
        """What was really charged and given back, by payment; the shop's books say nothing here."""
        payments: list[dict[str, Any]] = self._get("/ledger")["intents"]
        return payments

    def decide_at_bank(self, address: str, *, approve: bool) -> str:
        """Answer the bank's question on its page; the path it sends the shopper back to."""
        page, _, attempt = address.partition("?attempt=")
        decision = {"attempt": attempt, "decision": "approve" if approve else "decline"}
        answer = requests.post(page, decision, allow_redirects=False, timeout=5)
        assert answer.status_code == 303, answer.text
        way_back = urlsplit(answer.headers["Location"])
        return f"{way_back.path}?{way_back.query}"

    def fault(self, on: str, kind: str, *, times: int = 2, seconds: float = 3) -> None:
        """Order a fault (``shop.sandbox.faults``); twice, for the library asks again by itself."""
        order: Any = {"on": on, "kind": kind, "times": times, "seconds": seconds}
        requests.post(f"{self.base}/faults", json=order, timeout=5).raise_for_status()

    def end_faults(self) -> None:
        """Nothing goes wrong any more."""
        requests.delete(f"{self.base}/faults", timeout=5).raise_for_status()

    def reset(self) -> None:
        """Forget every payment, and every fault."""
        requests.post(f"{self.base}/reset", timeout=5).raise_for_status()

    def events(self) -> list[dict[str, Any]]:
        """Its news since the reset, the oldest first."""
        page = self.client.v1.events.list({"limit": 100})
        return [event.to_dict() for event in reversed(page.data)]

    def deliver(self, event: dict[str, Any], *, secret: str = "", age: int = 0) -> int:
        """Bring an event to the shop, signed now by the real clock; the shop's answer.

        :param age: seconds since it was signed
        """
        body = json.dumps(event)
        signed_at = int(unix_seconds()) - age
        key = (secret or settings.STRIPE_WEBHOOK_SECRET).encode()
        signature = hmac.new(key, f"{signed_at}.{body}".encode(), hashlib.sha256).hexdigest()
        answer = Client(enforce_csrf_checks=True).post(
            "/stripe/webhook/",
            body,
            content_type="application/json",
            headers={"Stripe-Signature": f"t={signed_at},v1={signature}"},
        )
        return answer.status_code

    def _get(self, path: str) -> Any:
        answer = requests.get(self.base + path, timeout=5)
        answer.raise_for_status()
        return answer.json()
