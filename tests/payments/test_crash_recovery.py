"""A server that dies in the middle of a checkout, at every point at which that can be.

Whatever it left half done: nobody is charged twice, no unit is sold twice, no
paid order is lost, and every open order settles by itself. Each death is a
SIGKILL of a real process (``crash_runner``) on this test's own database.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
import stripe
from django.conf import settings
from django.core import mail
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from freezegun.api import FrozenDateTimeFactory

from shop.catalog.models import Variant
from shop.core.machine_clock import unix_seconds
from shop.orders.claims import release
from shop.orders.links import order_path
from shop.orders.models import Order, Refund, StripeEvent
from shop.orders.state_machine import Status, locked, move
from shop.qa.pytest_plugin.back_office import Merchant, fields_of
from shop.qa.pytest_plugin.client import ADDRESS, Page, Shopper
from shop.qa.pytest_plugin.factories import OPENS
from shop.sales.models import Sale
from shop.sandbox.webhooks import sign
from tests.payments import crash_runner
from tests.support.invariants import check_books, check_charges

LAPSE = timedelta(minutes=10)
TOTAL = 499

type Card = Callable[..., str]
type Ledger = Callable[[], list[dict[str, Any]]]

pytestmark = pytest.mark.django_db(transaction=True)

#: By the order that each leaves, if nothing goes wrong; and by what it is charged.
CARDS = {
    "paid": "pm_card_visa",
    "pending": "pm_card_visa_chargeDeclined",
    "requires_action": "pm_card_threeDSecure2Required",
}
BEFORE_CONFIRMATION = [
    "claimed, not committed",
    "claimed",
    "payment made, its id not stored",
    "id of payment stored",
    "token stored",
]
SINCE_CONFIRMATION = ["confirmed", "settled, not committed", "settled"]
POINTS = [*BEFORE_CONFIRMATION, *SINCE_CONFIRMATION]


class Server:
    """A server process that can be made to die."""

    def __init__(self, mails: Path) -> None:
        runner = [sys.executable, crash_runner.__file__, str(connection.settings_dict["NAME"])]
        self._process = subprocess.Popen(
            runner, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._mails = mails
        assert self._read() == "ready"

    def die(self, point: str, path: str, body: str, **request: Any) -> None:
        """Take a request, and be killed at a point of it."""
        job = {
            "point": point,
            "now": timezone.now().isoformat(),
            "settings": self._settings(),
            "request": {"path": path, "data": body, **request},
        }
        assert self._process.stdin is not None
        print(json.dumps(job), file=self._process.stdin, flush=True)
        assert self._read() == "killed -9", f"survived {point}"

    def receipts(self) -> Counter[str]:
        """How often a receipt was mailed, by the order's number."""
        return Counter(subject.split()[-1] for subject in self.subjects())

    def subjects(self) -> list[str]:
        """Of all mails, by dead servers and living."""
        subjects = [str(message.subject) for message in mail.outbox]
        for file in self._mails.iterdir():
            lines = file.read_text().splitlines()
            subjects += [line[9:] for line in lines if line.startswith("Subject: ")]
        return subjects

    def forget_mails(self) -> None:
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


@pytest.fixture(scope="session")
def running_server(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("mails"))
    yield server
    server.stop()


@pytest.fixture
def server(running_server: Server) -> Server:
    running_server.forget_mails()
    return running_server


@pytest.fixture
def shoppers(sale: Sale, stripe_api: stripe.StripeClient) -> dict[str, Shopper]:
    """One with each card, by the status that it is good for; each has a mug in the bag."""
    shoppers = {status: Shopper() for status in CARDS}
    for shopper in shoppers.values():
        assert shopper.add(shopper.offer()).status == 303
    return shoppers


def form(token: str, whose: str) -> dict[str, Any]:
    """What the checkout page sends; ``whose`` keeps shoppers apart."""
    return {
        **ADDRESS,
        "email": f"{whose}@example.org",
        "shown_total": TOTAL,
        "confirmation_token": token,
    }


def as_browser(someone: Shopper | Merchant) -> dict[str, Any]:
    """What goes along with a form that somebody sends."""
    cookies = {"Cookie": someone.client.cookies.output(attrs=[], header="", sep=";").strip()}
    return {"content_type": "application/x-www-form-urlencoded", "headers": cookies}


def die_at_checkout(server: Server, point: str, shopper: Shopper, data: dict[str, Any]) -> None:
    server.die(point, "/checkout/", urlencode(data), **as_browser(shopper))


def order_of(whose: str) -> Order | None:
    return Order.objects.filter(email=f"{whose}@example.org").first()


def decide_at_bank(stripe_api: stripe.StripeClient, payment: str, decision: str) -> None:
    action = stripe_api.v1.payment_intents.retrieve(payment).next_action
    assert action is not None and action.redirect_to_url is not None
    bank, _, query = str(action.redirect_to_url.url).partition("?attempt=")
    requests.post(
        bank, {"attempt": query, "decision": decision}, allow_redirects=False, timeout=5
    ).raise_for_status()


def check_all_settled(payments: list[dict[str, Any]]) -> None:
    """The books are right for good: no order is open, and each cent charged is a paid order's."""
    check_books(payments, settled=True)
    check_charges(payments)


def check_receipts(server: Server, most: int = 1) -> None:
    """Every paid order has been told of, and no other."""
    receipts = server.receipts()
    paid = Order.objects.filter(paid_at__isnull=False).values_list("number", flat=True)
    assert set(receipts) == set(paid)
    assert max(receipts.values(), default=0) <= most


@pytest.mark.parametrize("point", POINTS)
def test_after_a_crash_reconcile_settles_what_can_be_settled_and_the_lapse_the_rest(
    point: str,
    shoppers: dict[str, Shopper],
    server: Server,
    card: Card,
    ledger: Ledger,
    clock: FrozenDateTimeFactory,
) -> None:
    for whose, shopper in shoppers.items():
        die_at_checkout(server, point, shopper, form(card(CARDS[whose]), whose))
    check_books(ledger())
    call_command("reconcile")
    check_books(ledger())
    for whose in CARDS:
        order = order_of(whose)
        if point == "claimed, not committed":
            assert order is None
        else:
            assert order is not None
            assert order.status == (whose if point in SINCE_CONFIRMATION else "pending")
    clock.move_to(OPENS + LAPSE)
    call_command("reconcile")
    check_all_settled(ledger())
    paid = set(Order.objects.filter(status="paid").values_list("email", flat=True))
    assert paid == ({"paid@example.org"} if point in SINCE_CONFIRMATION else set())
    check_receipts(server)


@pytest.mark.parametrize("point", POINTS)
def test_after_a_crash_the_same_form_again_ends_as_it_would_have(
    point: str,
    shoppers: dict[str, Shopper],
    server: Server,
    card: Card,
    ledger: Ledger,
    clock: FrozenDateTimeFactory,
) -> None:
    for whose, shopper in shoppers.items():
        data = form(card(CARDS[whose]), whose)
        die_at_checkout(server, point, shopper, data)
        page = shopper.send("/checkout/", data)
        assert page.status == (422 if whose == "pending" else 303)
        order = order_of(whose)
        assert order is not None
        assert order.status == whose
    assert Order.objects.count() == len(CARDS)
    check_books(ledger())
    clock.move_to(OPENS + LAPSE)
    call_command("reconcile")
    check_all_settled(ledger())
    assert Order.objects.get(status="paid").email == "paid@example.org"
    check_receipts(server)


@pytest.mark.parametrize("point", POINTS)
def test_after_a_crash_that_nobody_looks_at_the_lapse_settles_all_whoever_comes_first(
    point: str,
    shoppers: dict[str, Shopper],
    server: Server,
    card: Card,
    ledger: Ledger,
    clock: FrozenDateTimeFactory,
) -> None:
    forms = {whose: form(card(CARDS[whose]), whose) for whose in CARDS}
    for whose, shopper in shoppers.items():
        die_at_checkout(server, point, shopper, forms[whose])
    clock.move_to(OPENS + LAPSE)
    # The shopper, with the very same form; and for who never comes back, reconcile.
    for whose in ("paid", "pending"):
        shoppers[whose].send("/checkout/", forms[whose])
    check_books(ledger())
    clock.move_to(OPENS + 2 * LAPSE)
    call_command("reconcile")
    check_all_settled(ledger())
    assert Order.objects.get(status="paid").email == "paid@example.org"
    check_receipts(server)


@pytest.mark.parametrize("point", SINCE_CONFIRMATION)
def test_after_a_crash_another_card_pays_while_the_banks_page_is_open(
    point: str,
    shoppers: dict[str, Shopper],
    server: Server,
    card: Card,
    ledger: Ledger,
    clock: FrozenDateTimeFactory,
) -> None:
    whose = "requires_action"
    die_at_checkout(server, point, shoppers[whose], form(card(CARDS[whose]), whose))
    shoppers[whose].send("/checkout/", form(card(), whose))
    check_books(ledger())
    clock.move_to(OPENS + LAPSE)
    call_command("reconcile")
    check_all_settled(ledger())


@pytest.mark.parametrize("decision", ["approve", "decline"])
def test_after_a_crash_the_banks_word_counts(
    decision: str,
    shoppers: dict[str, Shopper],
    server: Server,
    card: Card,
    ledger: Ledger,
    clock: FrozenDateTimeFactory,
    stripe_api: stripe.StripeClient,
) -> None:
    whose = "requires_action"
    die_at_checkout(server, "confirmed", shoppers[whose], form(card(CARDS[whose]), whose))
    decide_at_bank(stripe_api, Order.objects.get().payment_intent, decision)
    call_command("reconcile")
    check_books(ledger())
    clock.move_to(OPENS + LAPSE)
    call_command("reconcile")
    check_all_settled(ledger())
    assert Order.objects.get().status == ("paid" if decision == "approve" else "expired")


@pytest.mark.parametrize(("point", "most"), [("no receipt yet", 1), ("receipt sent, not noted", 2)])
def test_no_receipt_is_lost_in_a_crash(
    point: str,
    most: int,
    shoppers: dict[str, Shopper],
    server: Server,
    card: Card,
    ledger: Ledger,
    clock: FrozenDateTimeFactory,
) -> None:
    die_at_checkout(server, point, shoppers["paid"], form(card(), "paid"))
    clock.move_to(OPENS + LAPSE)
    for _ in range(2):
        call_command("reconcile")
    check_all_settled(ledger())
    check_receipts(server, most)


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


@pytest.mark.parametrize("who", ["delivered again", "next event", "reconcile"])
@pytest.mark.parametrize(
    "point",
    [
        "event not taken in",
        "event taken in, not acted on",
        "settled, not committed",
        "event acted on, not noted",
    ],
)
def test_what_a_webhook_that_dies_was_told_of_is_done_once_whoever_comes_next(
    point: str,
    who: str,
    shoppers: dict[str, Shopper],
    server: Server,
    card: Card,
    ledger: Ledger,
    clock: FrozenDateTimeFactory,
) -> None:
    die_at_checkout(server, "confirmed", shoppers["paid"], form(card(), "paid"))
    about = {"id": Order.objects.get().payment_intent, "metadata": {}}
    event = {"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": about}}
    server.die(point, **signed(event))
    check_books(ledger())
    is_known = point != "event not taken in"
    assert StripeEvent.objects.filter(acted_at=None).count() == is_known
    if who == "reconcile":
        call_command("reconcile")
    elif who == "delivered again" or not is_known:
        deliver(event)
    else:
        clock.tick(timedelta(minutes=1))
        deliver({**event, "id": "evt_2", "type": "payment_intent.created"})
    check_all_settled(ledger())
    assert StripeEvent.objects.filter(pk="evt_1", acted_at=None).count() == 0
    check_receipts(server)


# Giving up


@pytest.mark.parametrize("who", ["shopper", "reconcile", "webhook"])
@pytest.mark.parametrize("point", ["canceled at Stripe", "released, not committed"])
def test_an_order_whose_cancellation_died_gives_its_claim_back_once(
    point: str,
    who: str,
    shoppers: dict[str, Shopper],
    server: Server,
    card: Card,
    ledger: Ledger,
    clock: FrozenDateTimeFactory,
) -> None:
    shopper = shoppers["pending"]
    shopper.send("/checkout/", form(card(CARDS["pending"]), "pending"))
    order = Order.objects.get()
    server.die(point, f"{order_path(order)}cancel/", "", **as_browser(shopper))
    assert order_of("pending") is not None
    check_books(ledger())
    if who == "shopper":
        assert shopper.send(f"{order_path(order)}cancel/", {}).order_status == "canceled"
    elif who == "webhook":
        about = {"id": order.payment_intent, "metadata": {}}
        deliver({"id": "evt_1", "type": "payment_intent.canceled", "data": {"object": about}})
    for _ in range(2):
        call_command("reconcile")
    check_all_settled(ledger())
    assert Variant.objects.get(sku="MUG-01").claimed == 0
    assert shopper.order(card()).order_status == "paid", "the offer is good again"
    check_all_settled(ledger())


# Refunds


REFUND_POINTS = [
    "refund made at Stripe",
    "refunded units returned, not committed",
    "refund recorded, not committed",
    "refund recorded",
    "no note yet",
    "receipt sent, not noted",
]


@pytest.fixture
def merchant(db: None) -> Merchant:
    return Merchant()


def refund_form(merchant: Merchant, order: Order) -> tuple[str, dict[str, Any]]:
    """The form that refunds one of two mugs, agreed to, and where it is sent."""
    path = reverse("admin:checkout_order_refund", args=[order.pk])
    units = {f"units_{order.lines.get().pk}": "1", "reason": "It was chipped."}
    answer = merchant.client.post(
        path, fields_of(merchant.open(path).one("form:has([name=seen])")) | units
    )
    page = Page(answer.status_code, path, answer.content.decode())
    return path, fields_of(page.one("form:has([name=seen])"))


def notes(server: Server) -> Counter[str]:
    """How often a refund was told of, by the order's number."""
    subjects = server.subjects()
    return Counter(each.split()[-1] for each in subjects if " back for order " in each)


@pytest.mark.parametrize("who", ["reconcile", "merchant", "webhook"])
@pytest.mark.parametrize("point", ["refund meant, not committed", "refund meant", *REFUND_POINTS])
def test_a_refund_that_died_goes_back_once_and_its_units_come_back_once(
    point: str,
    who: str,
    shoppers: dict[str, Shopper],
    merchant: Merchant,
    server: Server,
    card: Card,
    ledger: Ledger,
    clock: FrozenDateTimeFactory,
    stripe_api: stripe.StripeClient,
) -> None:
    shopper = shoppers["paid"]
    shopper.add(shopper.offer())
    assert shopper.order(card()).order_status == "paid"
    order = Order.objects.get()
    path, sent = refund_form(merchant, order)
    server.die(point, path, urlencode(sent), **as_browser(merchant))
    check_books(ledger())
    if who == "merchant":
        # The page did not answer, so the form is sent again: it is refused, or it is the first.
        merchant.client.post(path, sent)
    elif who == "webhook":
        for event in reversed(stripe_api.v1.events.list({"limit": 20}).data):
            deliver(event.to_dict())
    clock.tick(timedelta(minutes=2))
    for _ in range(2):
        call_command("reconcile")
    check_books(ledger(), settled=True)
    check_charges(ledger())
    is_meant = point != "refund meant, not committed" or who == "merchant"
    assert [each["refunded"] for each in ledger()] == [TOTAL if is_meant else 0]
    assert Refund.objects.filter(status="succeeded").count() == Refund.objects.count() == is_meant
    assert order.lines.get().restocked == is_meant
    assert Variant.objects.get(sku="MUG-01").claimed == 2 - is_meant
    order.refresh_from_db()
    assert order.status == ("partially_refunded" if is_meant else "paid")
    told = notes(server)
    assert len(told) == is_meant
    assert sum(told.values()) <= (2 if point == "receipt sent, not noted" else 1)


@pytest.mark.parametrize(
    "point", ["late refund meant, not committed", "late refund meant", *REFUND_POINTS[:1]]
)
def test_a_payment_for_an_order_that_is_over_goes_back_once_whatever_dies(
    point: str,
    shoppers: dict[str, Shopper],
    server: Server,
    card: Card,
    ledger: Ledger,
    clock: FrozenDateTimeFactory,
    stripe_api: stripe.StripeClient,
) -> None:
    shoppers["pending"].send("/checkout/", form(card(CARDS["pending"]), "pending"))
    order = Order.objects.get()
    with transaction.atomic():
        move(locked(order), Status.EXPIRED, cause="lapsed", now=OPENS)
        release(order, OPENS)
    stripe_api.v1.payment_intents.confirm(
        order.payment_intent, {"confirmation_token": card(), "return_url": "http://testserver/"}
    )
    about = {"id": order.payment_intent, "metadata": {}}
    event = {"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": about}}
    server.die(point, **signed(event))
    clock.tick(timedelta(minutes=2))
    for _ in range(2):
        call_command("reconcile")
    check_books(ledger(), settled=True)
    assert [each["refunded"] for each in ledger()] == [TOTAL]
    assert Refund.objects.get().status == "succeeded"
    order.refresh_from_db()
    assert order.status == "refunded"
    assert len(notes(server)) == 1
