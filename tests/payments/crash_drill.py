"""A server process that is killed in the middle of a request, and the shop around it."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core import mail
from django.core.management import call_command
from django.utils import timezone

from shop.core.machine_clock import unix_seconds
from shop.orders.models import Order
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.client import ADDRESS, HtmlPage, ShopClient
from shop.qa.pytest_plugin.factories import OPENS
from shop.qa.pytest_plugin.stripe import Stripe
from shop.sandbox.webhooks import sign
from tests.payments import crash_runner
from tests.support.fixtures import Clock
from tests.support.invariants import check_books, check_charges
from tests.support.job_runner import JobRunner

LAPSE = timedelta(minutes=10)
TOTAL = 499

#: By the status that an order gets if nothing fails.
CARDS = {
    "paid": "pm_card_visa",
    "pending": "pm_card_visa_chargeDeclined",
    "requires_action": "pm_card_threeDSecure2Required",
}


class Server(JobRunner):
    """A server process that can be killed, and the mails that it sent."""

    def __init__(self, mails: Path) -> None:
        backend = "django.core.mail.backends.filebased.EmailBackend"
        super().__init__(crash_runner, {"BACKEND": backend, "OPTIONS": {"file_path": str(mails)}})
        self._mails = mails

    def die(self, point: str, path: str, body: str, **request: Any) -> None:
        """Send a request, and be killed at a point of it."""
        request |= {"path": path, "data": body}
        ended = self.run(point=point, now=timezone.now().isoformat(), request=request)
        assert ended == "killed -9", f"survived {point}"

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


@dataclass
class Drill:
    """Three shoppers with a mug in their bags, one for each card, and a server that dies."""

    server: Server
    shoppers: dict[str, ShopClient]
    stripe: Stripe
    clock: Clock

    def form(self, whose: str, card: str = "") -> dict[str, Any]:
        """The form of the checkout page; ``whose`` tells the shoppers apart."""
        return {
            **ADDRESS,
            "email": f"{whose}@example.org",
            "shown_total": TOTAL,
            "confirmation_token": self.stripe.card(card or CARDS[whose]),
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
        action = self.stripe.client.v1.payment_intents.retrieve(payment).next_action
        assert action is not None and action.redirect_to_url is not None
        self.stripe.decide_at_bank(str(action.redirect_to_url.url), approve=decision == "approve")

    def check_books(self) -> None:
        check_books(self.stripe.ledger())

    def settle_and_check(self, after: timedelta | None = None, *, times: int = 1) -> None:
        """Reconcile so often, ``after`` the opening where that is given; all is settled then."""
        if after is not None:
            self.clock.move_to(OPENS + after)
        for _ in range(times):
            call_command("reconcile")
        self.check_settled()

    def check_settled(self) -> None:
        check_books(self.stripe.ledger(), settled=True)
        check_charges(self.stripe.ledger())

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
    assert Stripe.deliver(event) == 200
