"""A Stripe that is silent, broken or slow with its events: everything still ends as it should.

Its stand-in sends events to a running shop here, and has its ``/faults``. The
library asks a second time by itself, so a fault has to come twice to be felt.
"""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from smtplib import SMTPRecipientsRefused
from statistics import median
from threading import Event
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.db import OperationalError
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer
from stripe import StripeClient
from stripe._event_service import EventService

import shop.core.background
from shop.catalog.models import Variant
from shop.core.machine_clock import monotonic_seconds
from shop.orders.links import order_path
from shop.orders.models import Dispute, Order, Refund, StatusChange, StripeEvent
from shop.payments import event_inbox, open_orders, reconciliation, refunds, webhooks
from shop.payments.intents import ensure_intent
from shop.payments.management.commands import reconcile
from shop.payments.settlement import expire_due, settle
from shop.qa.pytest_plugin.client import ADDRESS, HtmlPage, ShopClient
from shop.qa.pytest_plugin.factories import OPENS
from shop.qa.pytest_plugin.stand_in import stand_in
from shop.qa.pytest_plugin.stripe import Stripe
from shop.sales.models import Sale
from tests.support.fixtures import Card, Clock, Ledger
from tests.support.invariants import check_books, check_charges

LAPSE = timedelta(minutes=10)
TOTAL = 499
CREATE = "POST /v1/payment_intents"
CONFIRM = "POST /v1/payment_intents/*/confirm"
CANCEL = "POST /v1/payment_intents/*/cancel"
RETRIEVE = "GET /v1/payment_intents/*"
TOKEN = "GET /v1/confirmation_tokens/*"
DECLINED = "pm_card_visa_chargeDeclined"
ASKS_BANK = "pm_card_threeDSecure2Required"

type Check = Callable[[str], None]
type Fault = Callable[..., None]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="session")
def stripe_base(live_server: LiveServer) -> Iterator[str]:
    """A stand-in that tells a running shop of what happens."""
    address = f"{live_server.url}/stripe/webhook/"
    with stand_in("--webhook-url", address, "--webhook-secret", "whsec_development") as api:
        yield api.base


@pytest.fixture(autouse=True)
def _impatience(settings: Settings) -> None:
    settings.STRIPE_TIMEOUT_SECONDS = 0.4


@pytest.fixture
def fault(stripe: Stripe) -> Iterator[Fault]:
    """Order a fault; as often as the library asks, where nothing else is said."""

    def order(on: str, kind: str, *, times: int = 0, seconds: float = 3) -> None:
        # A 429 is not asked again.
        times = times or (1 if kind == "error_429" else 2)
        stripe.fault(on, kind, times=times, seconds=seconds)

    yield order
    stripe.reset()


@pytest.fixture
def no_events(fault: Fault) -> None:
    """Every event is lost."""
    fault("*", "webhook_never", times=999)


without_events = pytest.mark.usefixtures("no_events")


def send(shopper: ShopClient, token: str) -> int:
    """Send the checkout's form, and do not look at where it leads: that would ask Stripe."""
    data = {**ADDRESS, "shown_total": TOTAL, "confirmation_token": token}
    headers = {"X-CSRFToken": shopper.client.cookies["csrftoken"].value}
    return shopper.client.post("/checkout/", data, headers=headers).status_code


def eventually(what: Callable[[], object]) -> None:
    deadline = monotonic_seconds() + 8
    while not what():
        assert monotonic_seconds() < deadline, "nothing within 8 s"


@pytest.fixture
def check_settled(ledger: Ledger) -> Check:
    """Check the order's status, that nothing is open, and each cent charged is a paid order's."""

    def check(status: str) -> None:
        assert Order.objects.get().status == status
        check_books(ledger(), settled=True)
        check_charges(ledger())

    return check


@pytest.fixture
def check_end(check_settled: Check, clock: Clock) -> Check:
    """Let every time to pay end, reconcile, check the order's status and that all is settled."""

    def check(status: str) -> None:
        clock.move_to(OPENS + LAPSE)
        call_command("reconcile")
        check_settled(status)

    return check


@without_events
@pytest.mark.parametrize("kind", ["timeout_after", "reset_after", "error_500_after"])
def test_a_charge_whose_answer_never_came_is_found_by_reconcile(
    kind: str, buyer: ShopClient, card: Card, fault: Fault, ledger: Ledger, check_settled: Check
) -> None:
    fault(CONFIRM, kind)
    assert send(buyer, card()) == 303
    assert Order.objects.get().status == "pending"
    check_books(ledger())
    call_command("reconcile")
    check_settled("paid")


@without_events
@pytest.mark.parametrize(
    ("on", "kind"),
    [
        (TOKEN, "timeout_before"),
        (TOKEN, "error_429"),
        (CREATE, "timeout_before"),
        (CREATE, "timeout_after"),
        (CREATE, "timeout_late"),
        (CREATE, "error_500_before"),
        (CREATE, "error_429"),
        (CONFIRM, "timeout_before"),
        (CONFIRM, "timeout_after"),
        (CONFIRM, "error_500_before"),
        (CONFIRM, "error_429"),
        (CONFIRM, "reset_before"),
    ],
)
def test_the_same_form_again_after_a_fault_is_paid_once(
    on: str,
    kind: str,
    buyer: ShopClient,
    card: Card,
    fault: Fault,
    ledger: Ledger,
    check_end: Check,
) -> None:
    fault(on, kind, seconds=0.6)
    token = card()
    send(buyer, token)
    check_books(ledger())
    assert send(buyer, token) == 303
    assert Order.objects.get().status == "paid"
    check_end("paid")


@without_events
@pytest.mark.parametrize(
    ("on", "kind"),
    [
        (CREATE, "timeout_after"),
        (CREATE, "error_500_after"),
        (CONFIRM, "timeout_before"),
        (CONFIRM, "error_500_during"),
        (CONFIRM, "error_429"),
    ],
)
def test_an_order_that_nobody_comes_back_to_lapses_after_a_fault(
    on: str, kind: str, buyer: ShopClient, card: Card, fault: Fault, check_end: Check
) -> None:
    fault(on, kind, seconds=0.6)
    send(buyer, card(DECLINED))
    check_end("expired")


@without_events
def test_a_confirmation_that_takes_effect_late_meets_a_payment_that_was_canceled(
    stripe: Stripe, buyer: ShopClient, card: Card, fault: Fault, ledger: Ledger, check_end: Check
) -> None:
    fault(CONFIRM, "timeout_late", seconds=60)
    send(buyer, card())
    check_end("expired")
    stripe.end_faults()
    time.sleep(0.3)  # Both attempts go on now.
    check_charges(ledger())


def test_a_500_that_stripe_keeps_for_a_payment_does_not_keep_the_order_from_another(
    buyer: ShopClient, card: Card, fault: Fault, check_settled: Check
) -> None:
    fault(CREATE, "error_500_after", times=1)
    assert buyer.order(card(), shown_total=TOTAL).order_status == "paid"
    assert Order.objects.get().payment_round == 2
    check_settled("paid")


def test_a_500_that_stripe_keeps_for_a_card_leaves_the_order_to_another_card(
    buyer: ShopClient, card: Card, fault: Fault, check_settled: Check
) -> None:
    fault(CONFIRM, "error_500_during")
    token = card()
    for _ in range(2):
        send(buyer, token)
        assert Order.objects.get().status == "pending"
    assert buyer.order(card(), shown_total=TOTAL).order_status == "paid"
    check_settled("paid")


@without_events
def test_a_decline_whose_answer_never_came_is_said_when_the_form_is_sent_again(
    buyer: ShopClient, card: Card, fault: Fault, check_settled: Check
) -> None:
    fault(CONFIRM, "timeout_after")
    token = card(DECLINED)
    assert send(buyer, token) == 303
    assert send(buyer, token) == 422
    assert buyer.order(card(), shown_total=TOTAL).order_status == "paid"
    check_settled("paid")


@without_events
@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "error_500_after"])
def test_a_lapse_that_stripe_does_not_answer_is_settled_by_the_next(
    kind: str,
    buyer: ShopClient,
    card: Card,
    fault: Fault,
    ledger: Ledger,
    clock: Clock,
    check_end: Check,
) -> None:
    send(buyer, card(DECLINED))
    fault(CANCEL, kind)
    clock.move_to(OPENS + LAPSE)
    call_command("reconcile")
    check_books(ledger())
    check_end("expired")


def test_a_payment_that_stripe_refuses_to_make_gives_its_claim_back_at_once(
    buyer: ShopClient, card: Card, settings: Settings, check_end: Check
) -> None:
    settings.STRIPE_PAYMENT_METHOD_TYPES = ["us_bank_account"]
    assert send(buyer, card()) == 422
    assert Order.objects.get().status == "canceled"
    check_end("canceled")


def test_and_at_the_lapse_where_the_refusal_was_not_heard(
    buyer: ShopClient, card: Card, fault: Fault, settings: Settings, check_end: Check
) -> None:
    settings.STRIPE_PAYMENT_METHOD_TYPES = ["us_bank_account"]
    fault(CREATE, "timeout_before")
    send(buyer, card())
    assert Order.objects.get().status == "pending"
    check_end("expired")


def test_a_payment_that_would_be_made_otherwise_today_is_given_up_for_another(
    buyer: ShopClient, card: Card, fault: Fault, settings: Settings, check_end: Check
) -> None:
    fault(CREATE, "timeout_after")
    send(buyer, card())
    settings.STRIPE_PAYMENT_METHOD_TYPES = ["card", "sepa_debit"]
    check_end("expired")


def test_a_payment_that_was_given_up_for_another_can_not_be_made_any_more(
    buyer: ShopClient, card: Card, fault: Fault, settings: Settings, ledger: Ledger
) -> None:
    fault(CREATE, "timeout_after")
    send(buyer, card())
    settings.STRIPE_PAYMENT_METHOD_TYPES = ["card", "sepa_debit"]
    send(buyer, card())
    assert Order.objects.get().payment_round == 2
    call_command("reconcile")
    assert sorted(each["status"] for each in ledger()) == ["canceled", "succeeded"]


@pytest.mark.parametrize("meanwhile", [{"status": "expired"}, {"payment_round": 2}])
def test_a_payment_whose_order_went_on_while_it_was_made_can_never_be_paid(
    meanwhile: dict[str, Any], buyer: ShopClient, card: Card, fault: Fault
) -> None:
    fault(CREATE, "timeout_before")
    send(buyer, card())
    order = Order.objects.get()
    Order.objects.update(**meanwhile)
    assert ensure_intent(order).status == "canceled"
    assert not Order.objects.get().payment_intent


@without_events
def test_a_silent_stripe_keeps_a_bag_waiting_for_one_order_and_not_for_all(
    sale: Sale, another_shopper: ShopClient, card: Card, fault: Fault, clock: Clock
) -> None:
    Variant.objects.filter(sku="MUG-01").update(stock=4)
    another_shopper.add(another_shopper.offer())
    for number in range(4):
        someone = ShopClient()
        someone.add(someone.offer())
        decline = f"pm_card_visa_chargeDeclined{'' if number % 2 else 'InsufficientFunds'}"
        someone.order(card(decline), shown_total=TOTAL, email=f"{number}@example.org")
    clock.move_to(OPENS + LAPSE)
    fault(RETRIEVE, "timeout_before", times=99)
    started = monotonic_seconds()
    assert another_shopper.bag().verdicts == ["sold_out"]
    assert monotonic_seconds() - started < 3
    assert Order.objects.filter(status="pending").count() == 4


@without_events
def test_no_stock_is_free_before_stripe_has_canceled(
    buyer: ShopClient, card: Card, fault: Fault, clock: Clock
) -> None:
    buyer.order(card(DECLINED), shown_total=TOTAL)
    clock.move_to(OPENS + LAPSE)
    fault(CANCEL, "reset_before")
    assert expire_due(OPENS + LAPSE) == 0
    assert Order.objects.get().status == "pending"
    assert Variant.objects.get(sku="MUG-01").claimed == 1
    assert expire_due(OPENS + LAPSE) == 1
    assert Variant.objects.get(sku="MUG-01").claimed == 0


# Its shopper cancels an order


def declined(buyer: ShopClient, card: Card) -> Order:
    """An order that was not paid, and may be."""
    buyer.order(card(DECLINED), shown_total=TOTAL)
    return Order.objects.get()


def cancel(buyer: ShopClient, order: Order) -> HtmlPage:
    return buyer.send(f"{order_path(order)}cancel/", {})


def canceled_unheard(
    buyer: ShopClient, card: Card, fault: Fault, kind: str = "timeout_before"
) -> Order:
    """An order that its shopper cancels while Stripe does not answer."""
    order = declined(buyer, card)
    fault(CANCEL, kind)
    fault(RETRIEVE, "reset_before")
    cancel(buyer, order)
    return order


@without_events
@pytest.mark.parametrize(
    "kind", ["timeout_before", "timeout_after", "reset_before", "error_500_after"]
)
def test_an_order_that_its_shopper_canceled_ends_as_canceled_however_late_stripe_answers(
    kind: str, buyer: ShopClient, card: Card, fault: Fault, check_end: Check
) -> None:
    order = canceled_unheard(buyer, card, fault, kind)
    page = buyer.open(order_path(order))
    assert "The order is canceled" in page.text
    assert order.history.latest("id").cause == "shopper"
    check_end("canceled")


@without_events
def test_the_page_of_a_canceled_order_says_so_before_stripe_does(
    buyer: ShopClient, card: Card, fault: Fault
) -> None:
    order = declined(buyer, card)
    fault(CANCEL, "reset_before", times=6)
    fault(RETRIEVE, "reset_before", times=6)
    page = cancel(buyer, order)
    assert "You canceled this order" in page.text
    assert page.soup.find("button", string="Cancel the order") is None


@without_events
def test_reconcile_goes_on_with_a_cancellation_that_stripe_did_not_answer(
    buyer: ShopClient, card: Card, fault: Fault, check_end: Check
) -> None:
    canceled_unheard(buyer, card, fault)
    call_command("reconcile")
    check_end("canceled")


@without_events
def test_a_canceled_order_whose_time_ran_out_meanwhile_was_canceled_all_the_same(
    buyer: ShopClient, card: Card, fault: Fault, clock: Clock, check_end: Check
) -> None:
    canceled_unheard(buyer, card, fault)
    clock.move_to(OPENS + LAPSE)
    assert expire_due(OPENS + LAPSE) == 1
    check_end("canceled")


@without_events
def test_whoever_pays_an_order_that_he_canceled_has_changed_his_mind(
    buyer: ShopClient, card: Card, fault: Fault, check_end: Check
) -> None:
    canceled_unheard(buyer, card, fault)
    send(buyer, card())
    check_end("paid")


# Another card while the bank's page of the first is open


def test_the_news_that_a_payment_was_replaced_comes_first_and_nothing_is_charged(
    buyer: ShopClient, card: Card, fault: Fault, check_end: Check
) -> None:
    fault("payment_intent.requires_action", "webhook_never")
    fault(CONFIRM, "timeout_after")
    send(buyer, card(ASKS_BANK))
    fault("payment_intent.canceled", "webhook_before_response", times=1)
    send(buyer, card())
    assert Order.objects.get().status == "canceled"
    check_end("canceled")


def test_the_news_that_a_payment_was_replaced_comes_while_the_next_one_is_made(
    buyer: ShopClient, card: Card, fault: Fault, check_end: Check
) -> None:
    fault("payment_intent.requires_action", "webhook_never")
    fault(CONFIRM, "timeout_after")
    send(buyer, card(ASKS_BANK))
    fault("payment_intent.canceled", "webhook_late", times=1, seconds=0.3)
    fault(CREATE, "timeout_before", times=1)
    send(buyer, card())
    assert StripeEvent.objects.filter(type="payment_intent.canceled").exists()
    assert Order.objects.get().status == "paid"
    check_end("paid")


@without_events
@pytest.mark.parametrize(("next_card", "status"), [("pm_card_visa", "paid"), (DECLINED, "pending")])
def test_what_was_asked_of_a_payment_before_it_was_replaced_says_nothing_afterwards(
    next_card: str,
    status: str,
    buyer: ShopClient,
    card: Card,
    fault: Fault,
    stripe_api: StripeClient,
    check_end: Check,
) -> None:
    fault(CONFIRM, "timeout_after")
    send(buyer, card(ASKS_BANK))
    first = Order.objects.get().payment_intent
    send(buyer, card(next_card))
    canceled = stripe_api.v1.payment_intents.retrieve(first)
    assert canceled.status == "canceled"
    order = Order.objects.get()
    assert (order.status, order.payment_intent == first) == (status, False)
    settle(order, canceled, cause="slow", now=OPENS)
    again = Order.objects.get()
    assert (again.status, again.payment_intent) == (order.status, order.payment_intent)
    assert Variant.objects.get(sku="MUG-01").claimed == 1
    check_end("paid" if status == "paid" else "expired")


@without_events
def test_what_was_asked_of_a_payment_says_nothing_while_the_next_one_is_made(
    buyer: ShopClient, card: Card, stripe_api: StripeClient
) -> None:
    send(buyer, card(DECLINED))
    order = Order.objects.get()
    canceled = stripe_api.v1.payment_intents.cancel(order.payment_intent)
    Order.objects.update(payment_intent="", payment_round=2)
    settle(order, canceled, cause="slow", now=OPENS)
    again = Order.objects.get()
    assert (again.status, again.payment_intent) == ("pending", "")


# Events


@without_events
def test_a_lost_event_is_made_up_for_by_reconcile(
    stripe: Stripe, buyer: ShopClient, card: Card, check_settled: Check
) -> None:
    send(buyer, card(ASKS_BANK))
    payment = stripe.client.v1.payment_intents.retrieve(Order.objects.get().payment_intent)
    assert payment.next_action is not None and payment.next_action.redirect_to_url is not None
    stripe.decide_at_bank(str(payment.next_action.redirect_to_url.url), approve=True)
    assert Order.objects.get().status == "requires_action"
    call_command("reconcile")
    check_settled("paid")


@pytest.mark.parametrize(
    "kind", ["webhook_twice", "webhook_late", "webhook_out_of_order", "webhook_before_response"]
)
def test_events_may_come_as_they_like(
    kind: str, buyer: ShopClient, card: Card, fault: Fault, check_settled: Check
) -> None:
    fault("payment_intent.*", kind, times=1 if kind == "webhook_out_of_order" else 2, seconds=0.5)
    send(buyer, card(DECLINED))
    send(buyer, card())
    eventually(lambda: StripeEvent.objects.filter(type__startswith="payment_intent").count() == 2)
    call_command("reconcile")
    assert StatusChange.objects.filter(to_status="paid").count() == 1
    assert len(mail.outbox) == 1
    check_settled("paid")


@pytest.fixture
def aside(settings: Settings) -> Iterator[None]:
    """What the webhook is told of is done by threads, as in a running shop."""
    settings.ASIDE_THREADS = 2
    yield
    shop.core.background.finish()


def all_acted_on() -> bool:
    return not StripeEvent.objects.filter(acted_at=None).exists()


def test_a_silent_stripe_does_not_keep_its_own_events_waiting_and_none_is_lost(
    stripe: Stripe, buyer: ShopClient, card: Card, fault: Fault, no_events: None, aside: None
) -> None:
    send(buyer, card())
    order = Order.objects.get()
    for _ in range(9):
        stripe.client.v1.refunds.create({"payment_intent": order.payment_intent, "amount": 10})
    refunded = [event for event in stripe.events() if event["type"] == "charge.refunded"]
    assert len(refunded) == 9
    fault("GET /v1/*", "timeout_before", times=999)
    took = []
    for event in refunded:
        started = monotonic_seconds()
        assert stripe.deliver(event) == 200
        took.append(monotonic_seconds() - started)
    assert median(took) < 0.2
    shop.core.background.finish()
    assert StripeEvent.objects.filter(acted_at=None).count() == 9
    assert not Refund.objects.exists()
    stripe.end_faults()
    call_command("reconcile")
    assert all_acted_on()
    assert Refund.objects.count() == 9
    assert Order.objects.get().status == "partially_refunded"


def test_what_an_event_left_undone_is_done_by_the_next_one(
    stripe: Stripe,
    buyer: ShopClient,
    card: Card,
    fault: Fault,
    no_events: None,
    aside: None,
    clock: Clock,
) -> None:
    send(buyer, card())
    order = Order.objects.get()
    stripe.client.v1.refunds.create({"payment_intent": order.payment_intent, "amount": 10})
    [refunded] = [event for event in stripe.events() if event["type"] == "charge.refunded"]
    fault("GET /v1/*", "timeout_before")
    assert stripe.deliver(refunded) == 200
    shop.core.background.finish()
    assert not all_acted_on()
    other = {"type": "payment_intent.succeeded", "data": {"object": {"id": "pi_of_another_shop"}}}
    for seconds, is_done in ((59, False), (60, True)):
        clock.move_to(OPENS + timedelta(seconds=seconds))
        assert stripe.deliver({"id": f"evt_{seconds}", **other}) == 200
        shop.core.background.finish()
        assert Refund.objects.exists() == is_done
    assert all_acted_on()


def test_an_event_that_cannot_be_acted_on_does_not_keep_the_others_waiting(
    stripe: Stripe, buyer: ShopClient, card: Card, monkeypatch: pytest.MonkeyPatch, no_events: None
) -> None:
    send(buyer, card())
    order = Order.objects.get()
    odd = {"type": "charge.dispute.created", "data": {"object": {"id": "dp_odd"}}}
    stripe.client.v1.refunds.create({"payment_intent": order.payment_intent, "amount": 10})
    for event in [{"id": "evt_odd", **odd}, *stripe.events()]:
        event_inbox.store(event, OPENS)

    def fail(*_: object) -> None:
        raise RuntimeError("odd")

    monkeypatch.setitem(webhooks._HANDLERS, "charge.dispute.", fail)
    call_command("reconcile")
    assert Refund.objects.count() == 1
    assert StripeEvent.objects.get(acted_at=None).pk == "evt_odd"


def test_a_refund_that_was_made_at_stripe_and_whose_event_never_came_is_found(
    stripe: Stripe, buyer: ShopClient, card: Card, no_events: None
) -> None:
    send(buyer, card())
    order = Order.objects.get()
    stripe.client.v1.refunds.create({"payment_intent": order.payment_intent, "amount": 200})
    for _ in range(2):
        call_command("reconcile")
    assert (Refund.objects.get().amount, Refund.objects.get().status) == (200, "succeeded")
    assert Order.objects.get().status == "partially_refunded"
    assert len([note for note in mail.outbox if "€2.00 back" in note.subject]) == 1


def test_a_refund_that_failed_later_and_whose_event_never_came_is_found(
    stripe: Stripe, buyer: ShopClient, card: Card, no_events: None
) -> None:
    send(buyer, card("pm_card_refundFail"))
    order = Order.objects.get()
    stripe.client.v1.refunds.create({"payment_intent": order.payment_intent})
    call_command("reconcile")
    assert Order.objects.get().status == "refunded"
    eventually(lambda: "refund.failed" in {event["type"] for event in stripe.events()})
    call_command("reconcile")
    assert Refund.objects.get().status == "failed"
    assert Order.objects.get().status == "paid"


def test_a_dispute_whose_event_never_came_is_found(
    stripe: Stripe, buyer: ShopClient, card: Card, no_events: None
) -> None:
    send(buyer, card("pm_card_createDispute"))
    call_command("reconcile")
    assert Dispute.objects.get().status == "needs_response"


def test_events_that_never_came_are_asked_for_by_the_hundred_and_then_by_the_hour(
    stripe: Stripe, buyer: ShopClient, card: Card, monkeypatch: pytest.MonkeyPatch, no_events: None
) -> None:
    asked: list[Any] = []
    listing = EventService.list

    def watched(self: EventService, params: Any = None, options: Any = None) -> Any:
        asked.append(params)
        return listing(self, params, options)

    monkeypatch.setattr(EventService, "list", watched)
    first = event_inbox.fetch_missed(OPENS)
    event_inbox.fetch_missed(OPENS, since=first)
    assert [params["limit"] for params in asked] == [100, 100]
    assert asked[0]["created"]["gte"] == int(first - 30 * 24 * 3600)
    assert asked[1]["created"]["gte"] == int(first - 3600)
    command = reconcile.Command()
    for _ in range(2):
        call_command(command)
    assert len(asked) == 3, "once a minute is enough"


@without_events
def test_a_stripe_whose_record_cannot_be_read_keeps_nothing_else_from_being_settled(
    buyer: ShopClient, card: Card, fault: Fault, clock: Clock
) -> None:
    send(buyer, card(DECLINED))
    clock.move_to(OPENS + LAPSE)
    fault("GET /v1/events", "timeout_before")
    call_command("reconcile")
    assert Order.objects.get().status == "expired"


# What is beside Stripe


@without_events
def test_a_receipt_is_sent_once_the_mail_server_is_back(
    buyer: ShopClient, card: Card, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    def away(*_: object, **__: object) -> int:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr(EmailMessage, "send", away)
        assert buyer.order(card(), shown_total=TOTAL).order_status == "paid"
        clock.tick(timedelta(minutes=2))
        call_command("reconcile")
    assert not mail.outbox
    for _ in range(2):
        call_command("reconcile")
    assert len(mail.outbox) == 1


@without_events
def test_a_mail_server_that_is_slow_does_not_keep_the_shopper_waiting(
    buyer: ShopClient, card: Card, aside: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver, is_answered = EmailMessage.send, Event()

    def slow(message: EmailMessage) -> int:
        assert is_answered.wait(timeout=8)
        return deliver(message)

    monkeypatch.setattr(EmailMessage, "send", slow)
    assert send(buyer, card()) == 303
    assert (Order.objects.get().status, Order.objects.get().receipt_sent_at) == ("paid", None)
    is_answered.set()
    shop.core.background.finish()
    assert len(mail.outbox) == 1
    assert Order.objects.get().receipt_sent_at is not None


@without_events
@pytest.mark.parametrize(("code", "sent"), [(550, 0), (450, 1)])
def test_an_address_that_is_refused_for_good_is_not_tried_again(
    code: int,
    sent: int,
    buyer: ShopClient,
    card: Card,
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
) -> None:
    def refused(*_: object, **__: object) -> int:
        raise SMTPRecipientsRefused({"ada@example.org": (code, b"No")})

    with monkeypatch.context() as patch:
        patch.setattr(EmailMessage, "send", refused)
        buyer.order(card(), shown_total=TOTAL)
    clock.tick(timedelta(minutes=2))
    call_command("reconcile")
    assert len(mail.outbox) == sent


@without_events
def test_an_order_that_cannot_be_settled_does_not_keep_the_others_open(
    sale: Sale,
    shopper: ShopClient,
    another_shopper: ShopClient,
    card: Card,
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
) -> None:
    for someone in (shopper, another_shopper):
        someone.add(someone.offer())
        send(someone, card(DECLINED))
    odd, sound = Order.objects.order_by("placed_at", "pk")
    give_up = expire_due

    def fail_once(now: Any, orders: list[Order], **listed: Any) -> int:
        if orders == [odd]:
            raise RuntimeError("odd")
        return give_up(now, orders, **listed)

    monkeypatch.setattr(open_orders, "expire_due", fail_once)
    clock.move_to(OPENS + LAPSE)
    call_command("reconcile")
    sound.refresh_from_db()
    assert sound.status == "expired"


@without_events
def test_who_watches_goes_on_whatever_a_round_met(
    buyer: ShopClient, card: Card, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    send(buyer, card(DECLINED))
    clock.move_to(OPENS + LAPSE)
    problems: list[Exception] = [OperationalError("away"), RuntimeError("odd")]
    finish, rounds = refunds.finish, []

    def fail_twice(now: Any, **options: Any) -> Any:
        if problems:
            raise problems.pop()
        return finish(now, **options)

    def rest(seconds: float) -> None:
        rounds.append(Order.objects.get().status)
        if len(rounds) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(reconciliation, "finish", fail_twice)
    monkeypatch.setattr("time.sleep", rest)
    with pytest.raises(KeyboardInterrupt):
        call_command("reconcile", "--watch")
    assert rounds == ["expired"] * 3, "what a step met kept no other from being taken"
    assert not problems


@without_events
def test_once_it_says_that_it_was_not_all_done(
    buyer: ShopClient, card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(now: Any, **options: Any) -> None:
        raise RuntimeError("odd")

    monkeypatch.setattr(reconciliation, "finish", fail)
    with pytest.raises(RuntimeError):
        call_command("reconcile")
