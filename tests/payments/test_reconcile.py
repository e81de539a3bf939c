"""``reconcile``: few calls for many orders, a heartbeat, and what Stripe and books disagree on."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import requests
import stripe as stripe_library
from django.core.management import CommandError, call_command

from offers.conf import ring
from shop.catalog.models import Variant
from shop.core.machine_clock import machine_time, monotonic_seconds
from shop.orders.models import Order, PaymentDiscrepancy, ReconcileRound
from shop.payments import discrepancies, heartbeat, open_orders, reconciliation, stripe_record
from shop.payments.discrepancies import unresolved
from shop.payments.heartbeat import is_stale, last_round
from shop.payments.reconciliation import Reconciliation
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import OPENS
from shop.qa.pytest_plugin.stripe import Stripe
from shop.sales.models import Deal, Sale
from tests.support.factories import make_order, refreshed
from tests.support.fixtures import Card, Clock

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "GET /v1/payment_intents"
LAPSE = timedelta(minutes=10)
NO_ORDER, NOT_PAID = PaymentDiscrepancy.Kind.NO_ORDER, PaymentDiscrepancy.Kind.NOT_PAID

type Pay = Callable[..., stripe_library.PaymentIntent]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of Stripe: methods and paths."""
    asked: list[str] = []
    request = requests.Session.request

    def watched(self: Any, method: str, url: str, *args: Any, **options: Any) -> Any:
        path = url.split("/v1/")[-1].partition("?")[0]
        asked.append(f"{method.upper()} /v1/{path}")
        return request(self, method, url, *args, **options)

    monkeypatch.setattr(requests.Session, "request", watched)
    return asked


@pytest.fixture
def intent(stripe: Stripe) -> Pay:
    """A payment of €9.98 at Stripe, unpaid; or paid, where a card is given."""

    def make(number: str, *, paid: bool = False, **metadata: str) -> stripe_library.PaymentIntent:
        request: Any = {
            "amount": 998,
            "currency": "eur",
            "allowed_payment_method_types": ["card"],
            "metadata": {"order": number, "round": "1", "issuer": ring().active.issuer} | metadata,
        }
        intents = stripe.client.v1.payment_intents
        made = intents.create(request)
        if paid:
            confirmation: Any = {
                "confirmation_token": stripe.card(),
                "return_url": "http://x.test/",
            }
            made = intents.confirm(made.id, confirmation)
        return made

    return make


def reconcile() -> str:
    printed = StringIO()
    call_command("reconcile", stdout=printed, stderr=printed)
    return printed.getvalue()


def make_open(sale: Sale, number: str, payment: stripe_library.PaymentIntent, **more: Any) -> Order:
    fields = {"status": "pending", "paid_at": None, "lapses_at": OPENS + LAPSE} | more
    return make_order(sale, number, payment_intent=payment.id, **fields)


# --- Many open orders -------------------------------------------------------------


def test_many_open_orders_cost_a_call_a_page_and_one_for_each_that_lapses(
    sale: Sale, intent: Pay, calls: list[str], monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    for module in (stripe_record, reconciliation):
        monkeypatch.setattr(module, "PAGE", 10)
    for number in [f"FF-OPEN{count:04}" for count in range(23)]:
        make_open(sale, number, intent(number))
    Variant.objects.update(claimed=50)
    Deal.objects.update(claimed=50)
    late = Order.objects.get(number="FF-OPEN0005")
    Order.objects.filter(pk=late.pk).update(lapses_at=OPENS)
    # Stripe was told of these, and we were not.
    for number in ("FF-PAID0001", "FF-PAID0002"):
        make_open(sale, number, intent(number, paid=True))
    calls.clear()
    rounds = Reconciliation(lambda line: None)
    rounds.run_round()
    about_payments = [call for call in calls if "/payment_intents" in call]
    cancel = f"POST /v1/payment_intents/{late.payment_intent}/cancel"
    assert sorted(about_payments) == sorted([*[LIST] * 3, cancel])
    assert Order.objects.filter(status="pending").count() == 22
    assert Order.objects.filter(status="paid").count() == 2
    assert Order.objects.get(status="expired") == late
    calls.clear()
    rounds.run_round()
    assert calls == [LIST] * 3, "the next round asks about open orders alone"


def test_without_open_orders_a_round_asks_nothing_between_two_comparisons(
    sale: Sale, stripe: Stripe, calls: list[str]
) -> None:
    rounds = Reconciliation(lambda line: None)
    rounds.run_round()
    calls.clear()
    rounds.run_round()
    assert calls == []


def test_an_old_open_order_is_asked_for_singly_rather_than_looked_for_in_a_long_list(
    sale: Sale, intent: Pay, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (stripe_record, reconciliation):
        monkeypatch.setattr(module, "PAGE", 2)
    old = make_open(sale, "FF-OLDOPEN1", intent("FF-OLDOPEN1"))
    for number in range(7):
        make_order(sale, f"FF-PAID{number:04}", payment_intent=intent(f"FF-{number}").id)
    rounds = Reconciliation(lambda line: None)
    rounds._compared_at = monotonic_seconds()
    calls.clear()
    rounds.run_round()
    assert [call for call in calls if "/payment_intents" in call] == [
        LIST,
        f"GET /v1/payment_intents/{old.payment_intent}",
    ]


def test_what_is_at_a_bank_for_days_is_asked_for_once_a_minute(
    sale: Sale, intent: Pay, calls: list[str]
) -> None:
    rounds = Reconciliation(lambda line: None)
    rounds.run_round()
    make_open(sale, "FF-ATBANK01", intent("FF-ATBANK01"), status="processing")
    calls.clear()
    rounds.run_round()
    assert calls == []
    rounds._compared_at = monotonic_seconds() - reconciliation.RECORD_READ_EVERY
    rounds.run_round()
    assert LIST in calls
    assert Order.objects.get().status == "pending"


def test_a_round_that_takes_too_long_leaves_single_orders_to_the_next(
    sale: Sale, intent: Pay, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    late = make_open(sale, "FF-LATE0001", intent("FF-LATE0001"), lapses_at=OPENS)
    make_open(sale, "FF-PAID0001", intent("FF-PAID0001", paid=True))
    Variant.objects.update(claimed=4)
    Deal.objects.update(claimed=4)
    with monkeypatch.context() as patch:
        patch.setattr(open_orders, "MOST_SECONDS", -1)
        reconcile()
    assert (refreshed(late).status, Order.objects.get(status="paid").number) == (
        "pending",
        "FF-PAID0001",
    )
    reconcile()
    assert refreshed(late).status == "expired"


def test_where_the_list_is_refused_every_order_is_asked_for_singly(
    sale: Sale, buyer: ShopClient, card: Card, stripe: Stripe, clock: Clock
) -> None:
    buyer.order(card("pm_card_visa_chargeDeclined"))
    clock.move_to(OPENS + LAPSE)
    stripe.fault(LIST, "error_500_before")
    reconcile()
    assert Order.objects.get().status == "expired"
    last = last_round()
    assert last is not None
    assert last.problems == "Stripe's list of payments: APIError"
    assert last.record_read_until is None, "the next round compares from the same instant"


def test_a_payment_whose_id_was_lost_is_found_in_the_list(
    sale: Sale, buyer: ShopClient, card: Card, stripe: Stripe
) -> None:
    buyer.order(card("pm_card_visa_chargeDeclined"))
    order = Order.objects.get()
    token: Any = {"confirmation_token": card(), "return_url": "http://x.test/"}
    stripe.client.v1.payment_intents.confirm(order.payment_intent, token)
    Order.objects.update(payment_intent="")
    reconcile()
    assert (Order.objects.get().status, Order.objects.get().payment_intent) == (
        "paid",
        order.payment_intent,
    )


# --- The heartbeat ----------------------------------------------------------------


def test_each_round_leaves_a_heartbeat_that_says_what_failed(
    sale: Sale, stripe: Stripe, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    assert is_stale(last_round(), OPENS)
    reconcile()
    first = ReconcileRound.objects.get()
    assert (first.ended_at, first.problems) == (OPENS, "")
    assert 0 < first.seconds < 30

    def fail(now: datetime, **options: object) -> None:
        raise RuntimeError("a name or an address")

    monkeypatch.setattr(reconciliation, "finish", fail)
    clock.move_to(OPENS + heartbeat.STALE_AFTER)
    assert not is_stale(last_round(), OPENS + heartbeat.STALE_AFTER)
    assert is_stale(last_round(), OPENS + heartbeat.STALE_AFTER + timedelta(seconds=1))
    with pytest.raises(RuntimeError):
        reconcile()
    assert ReconcileRound.objects.get().problems == "refunds: RuntimeError"


def test_a_round_that_began_before_a_restore_does_not_say_how_far_the_record_was_read(
    sale: Sale, stripe: Stripe
) -> None:
    reconcile()
    before = last_round()
    saved = machine_time() - timedelta(days=1)
    ReconcileRound.objects.update(record_read_until=saved)
    times = {"started_at": OPENS, "ended_at": OPENS, "seconds": 1.0, "problems": []}
    stored = heartbeat.beat(before, record_read_until=machine_time(), **times)  # type: ignore[arg-type]
    assert stored.record_read_until == saved
    assert heartbeat.record_read_since(stored, OPENS) == saved - heartbeat.OVERLAP


# --- Where Stripe and the books disagree ------------------------------------------


@pytest.fixture
def errors(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    with caplog.at_level(logging.ERROR, logger="shop"):
        yield lambda: [record.getMessage() for record in caplog.records]


def test_a_payment_without_an_order_is_told_until_it_went_back(
    sale: Sale, stripe: Stripe, intent: Pay, errors: Callable[[], list[str]]
) -> None:
    paid = intent("FF-FORGOTTEN", paid=True)
    intent("FF-UNPAID")
    intent("FF-STRANGER", paid=True, issuer="another shop")
    for _ in range(2):
        with pytest.raises(CommandError, match="disagree on 1 payment"):
            reconcile()
    [row] = unresolved()
    assert (row.kind, row.payment_intent, row.order_number) == (NO_ORDER, paid.id, "FF-FORGOTTEN")
    assert row.amount_text == "€9.98"
    restored, without_order = errors()
    assert "it was restored" in restored
    assert "FF-FORGOTTEN" in without_order
    stripe.client.v1.refunds.create({"payment_intent": paid.id})
    with pytest.raises(CommandError, match="Checkout is closed"):
        reconcile()
    assert not unresolved()


def test_a_payment_without_an_order_is_resolved_when_its_order_is_back(
    sale: Sale, intent: Pay
) -> None:
    paid = intent("FF-FORGOTTEN", paid=True)
    with pytest.raises(CommandError):
        reconcile()
    make_order(sale, "FF-FORGOTTEN", payment_intent=paid.id)
    with pytest.raises(CommandError, match="Checkout is closed"):
        reconcile()
    assert not unresolved()


def test_however_many_orders_are_back_one_round_resolves_them_and_asks_nothing(
    sale: Sale, calls: list[str]
) -> None:
    for count in range(discrepancies.MOST_ASKED + 1):
        number, payment = f"FF-BACK{count}", f"pi_{count}"
        PaymentDiscrepancy.objects.create(
            kind=NO_ORDER, payment_intent=payment, order_number=number, amount=499, found_at=OPENS
        )
        make_order(sale, number, payment_intent=payment)
    discrepancies.resolve(OPENS)
    assert not unresolved()
    assert calls == []


def test_an_event_about_a_payment_without_an_order_tells_of_it_at_once(
    sale: Sale, stripe: Stripe, intent: Pay
) -> None:
    paid = intent("FF-FORGOTTEN", paid=True)
    for event in stripe.events():
        assert stripe.deliver(event) == 200
    assert [row.payment_intent for row in unresolved()] == [paid.id]


def test_the_payments_since_a_database_was_saved_are_compared_whoever_watches(
    sale: Sale, intent: Pay
) -> None:
    rounds = Reconciliation(lambda line: None)
    rounds.run_round()
    saved = ReconcileRound.objects.get()
    intent("FF-FORGOTTEN", paid=True)
    rounds.run_round()
    assert not unresolved(), "compared once a minute"
    saved.ended_at -= timedelta(hours=1)
    saved.save()
    rounds.run_round()
    assert [row.order_number for row in unresolved()] == ["FF-FORGOTTEN"]


def test_an_order_that_was_paid_on_another_account_is_told(sale: Sale, intent: Pay) -> None:
    make_order(sale, "FF-ELSEWHERE", payment_intent="pi_of_another_account")
    unpaid = make_order(sale, "FF-NOTPAID1", payment_intent=intent("FF-NOTPAID1").id)
    make_order(sale, "FF-WELLDONE", payment_intent=intent("FF-WELLDONE", paid=True).id)
    Order.objects.update(placed_at=OPENS - timedelta(seconds=1))
    with pytest.raises(CommandError):
        reconcile()
    assert {(row.kind, row.order_number) for row in unresolved()} == {
        (NOT_PAID, "FF-ELSEWHERE"),
        (NOT_PAID, "FF-NOTPAID1"),
    }
    Order.objects.filter(pk=unpaid.pk).update(status="expired")
    with pytest.raises(CommandError):
        reconcile()
    assert [row.order_number for row in unresolved()] == ["FF-ELSEWHERE"]


def test_where_nothing_was_read_yet_the_record_is_read_from_before_the_newest_order(
    sale: Sale, stripe: Stripe
) -> None:
    assert machine_time() - heartbeat.record_read_since(None, OPENS) > timedelta(days=29)
    make_order(sale, placed_at=OPENS - timedelta(hours=2))
    back = machine_time() - heartbeat.record_read_since(None, OPENS)
    assert abs(back - timedelta(hours=3)) < timedelta(seconds=5)
    assert heartbeat.record_read_since(None, OPENS).tzinfo is UTC
