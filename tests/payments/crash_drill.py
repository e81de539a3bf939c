"""A server process that is killed in the middle of a request, and the shop around it."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests
from django.conf import settings
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from stripe import StripeClient

from shop.core.machine_clock import unix_seconds
from shop.orders.models import Order
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.client import ADDRESS, HtmlPage, ShopClient
from shop.qa.pytest_plugin.factories import OPENS
from shop.sandbox.webhooks import sign
from tests.payments import crash_runner
from tests.support.fixtures import Clock
from tests.support.invariants import check_books, check_charges

LAPSE = timedelta(minutes=10)
TOTAL = 499

#: By the status that an order gets if nothing fails.
CARDS = {
    "paid": "pm_card_visa",
    "pending": "pm_card_visa_chargeDeclined",
    "requires_action": "pm_card_threeDSecure2Required",
}


class Server:
    """A server process that can be killed, and the mails that it sent."""

    def __init__(self, mails: Path) -> None:
        runner = [sys.executable, crash_runner.__file__, str(connection.settings_dict["NAME"])]
        self._process = subprocess.Popen(
            runner, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._mails = mails
        assert self._read() == "ready"

    def die(self, point: str, path: str, body: str, **request: Any) -> None:
        """Send a request, and be killed at a point of it."""
        job = {
            "point": point,
            "now": timezone.now().isoformat(),
            "settings": self._settings(),
            "request": {"path": path, "data": body, **request},
        }
        assert self._process.stdin is not None
        print(json.dumps(job), file=self._process.stdin, flush=True)
        assert self._read() == "killed -9", f"survived {point}"

    def subjects(self) -> list[str]:
        """The subjects of all mails, also of those that killed processes sent."""
        subjects = [str(message.subject) for message in mail.outbox]
        for file in self._mails.iterdir():
            lines = file.read_text().splitlines()
            subjects += [line[9:] for line in lines if line.startswith("Subject: ")]
        return subjects

    def delete_mails(self) -> None:
        for file in self._mails.iterdir():
            file.unlink()

    def stop(self) -> None:
        self._process.communicate(timeout=5)

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def _settings(self) -> dict[str, Any]:
        names = ("OFFER_KEYS", "STORAGES", "STRIPE_API_BASE", "STRIPE_SECRET_KEY")
        to_files = {
            "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "OPTIONS": {"file_path": str(self._mails)},
        }
        return {
            **{name: getattr(settings, name) for name in names},
            "ALLOWED_HOSTS": ["testserver"],
            "ASIDE_THREADS": 0,
            "MAILERS": {"default": to_files},
        }


@dataclass
class Drill:
    """Three shoppers with a mug in their bags, one for each card, and a server that dies."""

    server: Server
    shoppers: dict[str, ShopClient]
    enter_card: Callable[..., str]
    ledger: Callable[[], list[dict[str, Any]]]
    clock: Clock
    at_stripe: StripeClient

    def form(self, whose: str, card: str = "") -> dict[str, Any]:
        """The form of the checkout page; ``whose`` tells the shoppers apart."""
        return {
            **ADDRESS,
            "email": f"{whose}@example.org",
            "shown_total": TOTAL,
            "confirmation_token": self.enter_card(card or CARDS[whose]),
        }

    def die_at_checkout(self, point: str, whose: str) -> dict[str, Any]:
        """Check out and be killed there; the form that was sent."""
        form = self.form(whose)
        sender = as_browser(self.shoppers[whose])
        self.server.die(point, "/checkout/", urlencode(form), **sender)
        return form

    def check_out(self, whose: str, form: dict[str, Any] | None = None) -> HtmlPage:
        return self.shoppers[whose].send("/checkout/", form or self.form(whose))

    def decide_at_bank(self, payment: str, decision: str) -> None:
        action = self.at_stripe.v1.payment_intents.retrieve(payment).next_action
        assert action is not None and action.redirect_to_url is not None
        bank, _, query = str(action.redirect_to_url.url).partition("?attempt=")
        form = {"attempt": query, "decision": decision}
        requests.post(bank, form, allow_redirects=False, timeout=5).raise_for_status()

    def check_books(self) -> None:
        check_books(self.ledger())

    def settle_and_check(self, after: timedelta | None = None, *, times: int = 1) -> None:
        """Reconcile; no order is open then, and each cent charged is a paid order's.

        :param after: the time since the sale opened; None where the clock has been moved
        :param times: how often to reconcile
        """
        if after is not None:
            self.clock.move_to(OPENS + after)
        for _ in range(times):
            call_command("reconcile")
        self.check_settled()

    def check_settled(self) -> None:
        check_books(self.ledger(), settled=True)
        check_charges(self.ledger())

    def check_receipts(self, most: int = 1) -> None:
        """Each paid order has its receipt, and no other order has one."""
        receipts = Counter(subject.split()[-1] for subject in self.server.subjects())
        paid = Order.objects.filter(paid_at__isnull=False).values_list("number", flat=True)
        assert set(receipts) == set(paid)
        assert max(receipts.values(), default=0) <= most

    def refund_notes(self) -> Counter[str]:
        """How often a refund was mailed, by the order's number."""
        subjects = self.server.subjects()
        return Counter(each.split()[-1] for each in subjects if " back for order " in each)


def as_browser(sender: ShopClient | Merchant) -> dict[str, Any]:
    """The cookies and headers of a form."""
    cookies = {"Cookie": sender.client.cookies.output(attrs=[], header="", sep=";").strip()}
    return {"content_type": "application/x-www-form-urlencoded", "headers": cookies}


def event_about(payment: str, type_: str) -> dict[str, Any]:
    """A first event about a payment."""
    about = {"id": payment, "metadata": {}}
    return {"id": "evt_1", "type": f"payment_intent.{type_}", "data": {"object": about}}


def signed(event: dict[str, Any]) -> dict[str, Any]:
    """A request with an event, as Stripe sends it."""
    body = json.dumps(event)
    signature = sign(body.encode(), settings.STRIPE_WEBHOOK_SECRET, int(unix_seconds()))
    return {
        "path": "/stripe/webhook/",
        "body": body,
        "headers": {"Stripe-Signature": signature},
        "content_type": "application/json",
    }


def deliver(event: dict[str, Any]) -> None:
    request = signed(event)
    answer = Client().post(data=request.pop("body"), **request)
    assert answer.status_code == 200
