"""The Stripe stand-in as seen from outside the shop: cards, bank, ledger, faults and events."""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import requests
import stripe
from django.conf import settings
from django.test import Client

from shop.core.machine_clock import unix_seconds
from shop.qa.stand_in import answer_bank, end_faults, order_fault

CONFIRM = "POST /v1/payment_intents/*/confirm"
#: All requests of the shop's server; not those of the page that a card is typed into.
SERVER = ("* /v1/payment_intents*", "GET /v1/confirmation_tokens/*", "* /v1/refunds*")


@dataclass(frozen=True)
class Stripe:
    """The stand-in, which runs in a process of its own; ``client`` is the real library's."""

    base: str
    client: stripe.StripeClient

    def card(self, payment_method: str = "pm_card_visa") -> str:
        """Enter a test card: the ConfirmationToken that Stripe.js would make of it."""
        tokens = self.client.v1.test_helpers.confirmation_tokens
        return tokens.create({"payment_method": payment_method}).id

    def ledger(self) -> list[dict[str, Any]]:
        """What Stripe charged and refunded, by payment."""
        answer = requests.get(f"{self.base}/ledger", timeout=5)
        answer.raise_for_status()
        payments: list[dict[str, Any]] = answer.json()["intents"]
        return payments

    def decide_at_bank(self, address: str, *, approve: bool) -> str:
        """Answer on the bank's page; returns the path that the bank redirects to."""
        way_back = answer_bank(address, approve=approve)
        assert way_back, "The bank asks nothing any more."
        return way_back

    def fault(self, on: str, kind: str, *, times: int = 2, seconds: float = 3) -> None:
        """Order a fault (``shop.sandbox.faults``); twice, because the library retries once."""
        order_fault(self.base, on, kind, times=times, seconds=seconds)

    def end_faults(self) -> None:
        """Cancel all ordered faults."""
        end_faults(self.base)

    def reset(self) -> None:
        """Delete all payments and faults."""
        requests.post(f"{self.base}/reset", timeout=5).raise_for_status()

    def events(self) -> list[dict[str, Any]]:
        """Events since the reset, oldest first."""
        page = self.client.v1.events.list({"limit": 100})
        return [event.to_dict() for event in reversed(page.data)]

    @staticmethod
    def deliver(
        event: dict[str, Any], *, secret: str = "", age: int = 0, path: str = "/stripe/webhook/"
    ) -> int:
        """Send an event, signed ``age`` seconds ago by the real clock; the webhook's status."""
        body = json.dumps(event)
        signed_at = int(unix_seconds()) - age
        key = (secret or settings.STRIPE_WEBHOOK_SECRET).encode()
        signature = hmac.new(key, f"{signed_at}.{body}".encode(), hashlib.sha256).hexdigest()
        answer = Client(enforce_csrf_checks=True).post(
            path,
            body,
            content_type="application/json",
            headers={"Stripe-Signature": f"t={signed_at},v1={signature}"},
        )
        return answer.status_code


@dataclass
class EventDelivery:
    """Delivers Stripe's events by the shop's clock, which the stand-in does not know."""

    stripe: Stripe
    copies: int = 1
    delay: timedelta = timedelta()
    is_reversed: bool = False
    _seen: set[str] = field(default_factory=set)
    _pending: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)

    def collect(self, now: datetime) -> None:
        """Schedule the new events, with the current delay and number of copies."""
        for event in self.stripe.events():
            if event["id"] not in self._seen:
                self._seen.add(event["id"])
                self._pending += [(now + self.delay, event)] * self.copies

    def due_until(self, instant: datetime) -> list[datetime]:
        """The instants until then at which an event arrives."""
        return sorted({due for due, _ in self._pending if due <= instant})

    def deliver(self, now: datetime) -> None:
        """Send to the webhook what is due by now."""
        due = [pair for pair in self._pending if pair[0] <= now]
        if self.is_reversed:
            # The first waits until another has overtaken it.
            due = due[::-1] if len(due) > 1 else []
        for pair in due:
            self._pending.remove(pair)
            status = self.stripe.deliver(pair[1])
            if status == 503:
                # Stripe retries later.
                self._pending.append((now + timedelta(minutes=1), pair[1]))
            else:
                assert status == 200, f"The webhook answers {status} to {pair[1]['type']}."
