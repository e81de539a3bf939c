"""A server that dies at any point of a checkout, an event or a refund.

No shopper is charged twice, no unit is sold twice, no paid order is lost, and
every open order settles. Each death is a SIGKILL of a real process
(``crash_runner``) on this test's own database.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.management import call_command
from django.db import transaction
from django.urls import reverse

from shop.catalog.models import Variant
from shop.orders.claims import release
from shop.orders.links import order_path
from shop.orders.models import Order, Refund, StripeEvent
from shop.orders.state_machine import Status, locked, move
from shop.qa.pytest_plugin.back_office import Merchant, fields_of
from shop.qa.pytest_plugin.client import HtmlPage, ShopClient
from shop.qa.pytest_plugin.factories import OPENS
from shop.qa.pytest_plugin.stripe import Stripe
from shop.sales.models import Sale
from tests.payments.crash_drill import (
    CARDS,
    LAPSE,
    TOTAL,
    Drill,
    Server,
    as_browser,
    deliver,
    event_about,
    signed,
)
from tests.support.factories import refreshed
from tests.support.fixtures import Clock
from tests.support.invariants import check_books
from tests.support.sampling import sampled

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE_CONFIRMATION = [
    "claimed, not committed",
    "claimed",
    "payment made, its id not stored",
    "id of payment stored",
    "token stored",
]
SINCE_CONFIRMATION = ["confirmed", "settled, not committed", "settled"]
POINTS = [*BEFORE_CONFIRMATION, *SINCE_CONFIRMATION]
EVENT_POINTS = [
    "event not taken in",
    "event taken in, not acted on",
    "settled, not committed",
    "event acted on, not noted",
]
REFUND_POINTS = [
    "refund meant, not committed",
    "refund meant",
    "refund made at Stripe",
    "refunded units returned, not committed",
    "refund recorded, not committed",
    "refund recorded",
    "no note yet",
    "receipt sent, not noted",
]
LATE_REFUND_POINTS = ["late refund meant, not committed", "late refund meant", REFUND_POINTS[2]]


@pytest.fixture(scope="session")
def running_server(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("mails"))
    yield server
    server.stop()


@pytest.fixture
def drill(running_server: Server, sale: Sale, stripe: Stripe, clock: Clock) -> Drill:
    running_server.delete_mails()
    shoppers = {status: ShopClient() for status in CARDS}
    for shopper in shoppers.values():
        assert shopper.add(shopper.offer()).status == 303
    return Drill(running_server, shoppers, stripe, clock)


def order_of(whose: str) -> Order | None:
    return Order.objects.filter(email=f"{whose}@example.org").first()


# --- A checkout dies --------------------------------------------------------------


@pytest.mark.parametrize(
    "point", sampled(POINTS, "payment made, its id not stored", "settled, not committed")
)
def test_after_a_crash_reconcile_and_then_the_lapse_settle_all(point: str, drill: Drill) -> None:
    for whose in CARDS:
        drill.die_at_checkout(point, whose)
    drill.check_books()
    call_command("reconcile")
    drill.check_books()
    for whose in CARDS:
        order = order_of(whose)
        if point == "claimed, not committed":
            assert order is None
        else:
            assert order is not None
            assert order.status == (whose if point in SINCE_CONFIRMATION else "pending")
    drill.settle_and_check(LAPSE)
    paid = set(Order.objects.filter(status="paid").values_list("email", flat=True))
    assert paid == ({"paid@example.org"} if point in SINCE_CONFIRMATION else set())
    drill.check_receipts()


@pytest.mark.parametrize("point", sampled(POINTS, "claimed", "confirmed"))
def test_after_a_crash_the_same_form_again_ends_as_it_would_have(point: str, drill: Drill) -> None:
    for whose in CARDS:
        form = drill.die_at_checkout(point, whose)
        page = drill.check_out(whose, form)
        assert page.status == (422 if whose == "pending" else 303)
        order = order_of(whose)
        assert order is not None
        assert order.status == whose
    assert Order.objects.count() == len(CARDS)
    drill.check_books()
    drill.settle_and_check(LAPSE)
    assert Order.objects.get(status="paid").email == "paid@example.org"
    drill.check_receipts()


@pytest.mark.parametrize("point", sampled(POINTS, "token stored"))
def test_after_a_crash_the_lapse_settles_all_whoever_comes_first(point: str, drill: Drill) -> None:
    forms = {whose: drill.die_at_checkout(point, whose) for whose in CARDS}
    drill.clock.move_to(OPENS + LAPSE)
    # Two shoppers send the very same form; the third never returns, so reconcile has to do it.
    for whose in ("paid", "pending"):
        drill.check_out(whose, forms[whose])
    drill.check_books()
    drill.settle_and_check(2 * LAPSE)
    assert Order.objects.get(status="paid").email == "paid@example.org"
    drill.check_receipts()


@pytest.mark.parametrize("point", sampled(SINCE_CONFIRMATION, "settled"))
def test_after_a_crash_another_card_pays_beside_an_open_bank_page(point: str, drill: Drill) -> None:
    drill.die_at_checkout(point, "requires_action")
    drill.check_out("requires_action", drill.form("requires_action", CARDS["paid"]))
    drill.check_books()
    drill.settle_and_check(LAPSE)


@pytest.mark.parametrize("decision", ["approve", "decline"])
def test_after_a_crash_the_banks_word_counts(decision: str, drill: Drill) -> None:
    drill.die_at_checkout("confirmed", "requires_action")
    drill.decide_at_bank(Order.objects.get().payment_intent, decision)
    call_command("reconcile")
    drill.check_books()
    drill.settle_and_check(LAPSE)
    assert Order.objects.get().status == ("paid" if decision == "approve" else "expired")


@pytest.mark.parametrize(("point", "most"), [("no receipt yet", 1), ("receipt sent, not noted", 2)])
def test_no_receipt_is_lost_in_a_crash(point: str, most: int, drill: Drill) -> None:
    drill.die_at_checkout(point, "paid")
    drill.settle_and_check(LAPSE, times=2)
    drill.check_receipts(most)


# --- An event dies ----------------------------------------------------------------


@pytest.mark.parametrize(
    "who", sampled(["delivered again", "next event", "reconcile"], "next event")
)
@pytest.mark.parametrize(
    "point", sampled(EVENT_POINTS, "event taken in, not acted on", "event acted on, not noted")
)
def test_what_a_webhook_that_dies_was_told_of_is_done_once_whoever_comes_next(
    point: str, who: str, drill: Drill
) -> None:
    drill.die_at_checkout("confirmed", "paid")
    event = event_about(Order.objects.get().payment_intent, "succeeded")
    drill.server.die(point, **signed(event))
    drill.check_books()
    is_known = point != "event not taken in"
    assert StripeEvent.objects.filter(acted_at=None).count() == is_known
    if who == "reconcile":
        call_command("reconcile")
    elif who == "delivered again" or not is_known:
        deliver(event)
    else:
        drill.clock.tick(timedelta(minutes=1))
        deliver({**event, "id": "evt_2", "type": "payment_intent.created"})
    drill.check_settled()
    assert StripeEvent.objects.filter(pk="evt_1", acted_at=None).count() == 0
    drill.check_receipts()


# --- A cancellation dies ----------------------------------------------------------


@pytest.mark.parametrize("who", sampled(["shopper", "reconcile", "webhook"], "shopper"))
@pytest.mark.parametrize(
    "point", sampled(["canceled at Stripe", "released, not committed"], "canceled at Stripe")
)
def test_a_dead_cancellation_gives_its_claim_back_once(point: str, who: str, drill: Drill) -> None:
    shopper = drill.shoppers["pending"]
    drill.check_out("pending")
    order = Order.objects.get()
    drill.server.die(point, f"{order_path(order)}cancel/", "", **as_browser(shopper))
    assert order_of("pending") is not None
    drill.check_books()
    if who == "shopper":
        assert shopper.send(f"{order_path(order)}cancel/", {}).order_status == "canceled"
    elif who == "webhook":
        deliver(event_about(order.payment_intent, "canceled"))
    drill.settle_and_check(times=2)
    assert Variant.objects.get(sku="MUG-01").claimed == 0
    card = drill.stripe.card(CARDS["paid"])
    assert shopper.order(card).order_status == "paid", "the offer is good again"
    drill.check_settled()


# --- A refund dies ----------------------------------------------------------------


def refund_form(merchant: Merchant, order: Order) -> tuple[str, dict[str, Any]]:
    """The form that refunds one of two mugs, agreed to, and where it is sent."""
    path = reverse("admin:checkout_order_refund", args=[order.pk])
    units = {f"units_{order.lines.get().pk}": "1", "reason": "It was chipped."}
    answer = merchant.client.post(
        path, fields_of(merchant.open(path).one("form:has([name=seen])")) | units
    )
    page = HtmlPage.of(answer, path)
    return path, fields_of(page.one("form:has([name=seen])"))


@pytest.mark.parametrize("who", sampled(["reconcile", "merchant", "webhook"], "reconcile"))
@pytest.mark.parametrize(
    "point", sampled(REFUND_POINTS, "refund made at Stripe", "refund recorded, not committed")
)
def test_a_refund_that_died_goes_back_once_and_its_units_come_back_once(
    point: str, who: str, drill: Drill, merchant: Merchant
) -> None:
    shopper = drill.shoppers["paid"]
    shopper.add(shopper.offer())
    assert shopper.order(drill.stripe.card(CARDS["paid"])).order_status == "paid"
    order = Order.objects.get()
    path, sent = refund_form(merchant, order)
    drill.server.die(point, path, urlencode(sent), **as_browser(merchant))
    drill.check_books()
    if who == "merchant":
        # The page did not answer, so the form is sent again: it is refused, or it is the first.
        merchant.client.post(path, sent)
    elif who == "webhook":
        for event in reversed(drill.stripe.client.v1.events.list({"limit": 20}).data):
            deliver(event.to_dict())
    drill.clock.tick(timedelta(minutes=2))
    drill.settle_and_check(times=2)
    is_meant = point != "refund meant, not committed" or who == "merchant"
    assert [each["refunded"] for each in drill.stripe.ledger()] == [TOTAL if is_meant else 0]
    assert Refund.objects.filter(status="succeeded").count() == Refund.objects.count() == is_meant
    assert order.lines.get().restocked == is_meant
    assert Variant.objects.get(sku="MUG-01").claimed == 2 - is_meant
    assert refreshed(order).status == ("partially_refunded" if is_meant else "paid")
    notes = drill.refund_notes()
    assert len(notes) == is_meant
    assert sum(notes.values()) <= (2 if point == "receipt sent, not noted" else 1)


@pytest.mark.parametrize("point", sampled(LATE_REFUND_POINTS, "late refund meant"))
def test_a_payment_for_a_dead_order_goes_back_once_after_a_crash(point: str, drill: Drill) -> None:
    drill.check_out("pending")
    order = Order.objects.get()
    with transaction.atomic():
        move(locked(order), Status.EXPIRED, cause="lapsed", now=OPENS)
        release(order, OPENS)
    token = drill.stripe.card(CARDS["paid"])
    drill.stripe.client.v1.payment_intents.confirm(
        order.payment_intent, {"confirmation_token": token, "return_url": "http://testserver/"}
    )
    drill.server.die(point, **signed(event_about(order.payment_intent, "succeeded")))
    drill.clock.tick(timedelta(minutes=2))
    for _ in range(2):
        call_command("reconcile")
    check_books(drill.stripe.ledger(), settled=True)
    assert [each["refunded"] for each in drill.stripe.ledger()] == [TOTAL]
    assert Refund.objects.get().status == "succeeded"
    assert refreshed(order).status == "refunded"
    assert len(drill.refund_notes()) == 1
