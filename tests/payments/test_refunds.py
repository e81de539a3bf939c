"""Refunds: what goes back, once, whatever falls in between; and who is told."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, connections, transaction
from stripe import Charge, StripeClient
from stripe import Refund as StripeRefund

from shop.catalog.models import Variant
from shop.orders.claims import release
from shop.orders.models import Order, OrderLine, Refund
from shop.orders.state_machine import locked, move
from shop.payments import refunds
from shop.payments.refund_plans import NotRefundable, Units, left_of, plan_refund
from shop.payments.settlement import settle_by_id
from shop.payments.stripe_client import client
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import OPENS
from shop.sales.models import Deal, LimitUse, Redemption
from tests.payments.test_webhooks import deliver, event_about
from tests.support.factories import refreshed
from tests.support.fixtures import Card, Clock

pytestmark = pytest.mark.django_db(transaction=True)

NOW = OPENS + timedelta(minutes=20)


@pytest.fixture
def order(buyer: ShopClient, card: Card) -> Order:
    """Two mugs for €4.99 each and a lamp for €7.90, paid."""
    buyer.add(buyer.offer())
    buyer.add(buyer.offer("LMP-01"))
    assert buyer.order(card()).order_status == "paid"
    mail.outbox.clear()
    return Order.objects.get()


def line(order: Order, sku: str = "MUG-01") -> OrderLine:
    return order.lines.get(sku=sku)


def refund(
    order: Order, *units: tuple[str, int], restock: bool = True, shipping: bool = False
) -> Refund:
    """Refund units of an order, as the back office does."""
    written = write_down(order, *units, restock=restock, shipping=shipping)
    refunds.execute(written, cause="merchant", now=NOW)
    return written


def write_down(
    order: Order, *units: tuple[str, int], restock: bool = True, shipping: bool = False
) -> Refund:
    order.refresh_from_db()
    wanted = [Units(line(order, sku), number, restock) for sku, number in units]
    agreed = plan_refund(order, wanted, shipping=shipping)
    seen = order.refunds.count()
    return refunds.create_refund(agreed, reason="It was chipped.", by=None, seen=seen, now=NOW)


def status(order: Order) -> str:
    return refreshed(order).status


def claimed(sku: str = "MUG-01") -> tuple[int, int]:
    """Units claimed of the stock and of the deal."""
    variant = Variant.objects.get(sku=sku)
    return variant.claimed, Deal.objects.get(product=variant.product).claimed


def limits() -> set[int]:
    """Units of the mug that count towards the limits of browser, mail and card."""
    uses = LimitUse.objects.filter(deal__product__sku="MUG-01")
    return set(uses.values_list("units", flat=True))


def back_at(stripe_api: StripeClient, order: Order) -> list[int]:
    """The refunds of an order's payment that Stripe knows of."""
    found = stripe_api.v1.refunds.list({"payment_intent": order.payment_intent})
    return [each.amount for each in found.data if each.status != "failed"]


# --- What goes back -----------------------------------------------------------


def test_a_unit_of_a_line_goes_back(order: Order, stripe_api: StripeClient) -> None:
    made = refund(order, ("MUG-01", 1))
    assert (made.status, made.amount) == ("succeeded", 499)
    assert back_at(stripe_api, order) == [499]
    assert status(order) == "partially_refunded"
    assert line(order).refunded == 1


def test_all_units_are_the_whole_order(order: Order, stripe_api: StripeClient) -> None:
    refund(order, ("MUG-01", 2))
    assert status(order) == "partially_refunded"
    refund(order, ("LMP-01", 1))
    assert status(order) == "refunded"
    assert sum(back_at(stripe_api, order)) == order.total
    changes = order.history.values_list("from_status", "to_status", "cause")
    assert list(changes)[-2:] == [
        ("paid", "partially_refunded", "merchant"),
        ("partially_refunded", "refunded", "merchant"),
    ]


def test_shipping_goes_back_once(buyer: ShopClient, card: Card, settings: Any) -> None:
    settings.SHIPPING_FLAT = 390
    buyer.order(card())
    order = Order.objects.get()
    assert refund(order, shipping=True).amount == 390
    with pytest.raises(NotRefundable):
        plan_refund(order, [], shipping=True)
    assert refund(order, ("MUG-01", 1), shipping=True).amount == 499
    assert status(order) == "refunded"


def test_what_is_kept_of_shipping_leaves_the_order_partly_refunded(
    buyer: ShopClient, card: Card, settings: Any
) -> None:
    settings.SHIPPING_FLAT = 390
    buyer.order(card())
    order = Order.objects.get()
    refund(order, ("MUG-01", 1))
    assert (status(order), left_of(order)) == ("partially_refunded", 390)


def test_units_that_come_back_are_for_sale_again(order: Order) -> None:
    assert (claimed(), limits()) == ((2, 2), {2})
    refund(order, ("MUG-01", 1))
    assert (claimed(), limits()) == ((1, 1), {1})
    assert line(order).restocked == 1


def test_units_that_are_written_off_are_not(order: Order) -> None:
    refund(order, ("MUG-01", 1), restock=False)
    assert (claimed(), limits()) == ((2, 2), {2})
    assert (line(order).refunded, line(order).restocked) == (1, 0)


def test_a_refunded_offer_stays_used(order: Order) -> None:
    refund(order, ("MUG-01", 2), ("LMP-01", 1))
    assert not Redemption.objects.filter(released_at__isnull=False).exists()


@pytest.mark.parametrize("units", [3, 0])
def test_no_other_number_of_units_can_be_refunded(order: Order, units: int) -> None:
    with pytest.raises(NotRefundable):
        write_down(order, ("MUG-01", units))


def test_what_was_refunded_is_not_refunded_again(order: Order) -> None:
    refund(order, ("MUG-01", 1))
    with pytest.raises(NotRefundable):
        refund(order, ("MUG-01", 2))


def test_the_database_holds_that_too(order: Order) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderLine.objects.filter(sku="MUG-01").update(refunded=3)


def test_an_unpaid_order_has_nothing_to_refund(buyer: ShopClient, card: Card) -> None:
    buyer.order(card("pm_card_visa_chargeDeclined"))
    order = Order.objects.get()
    assert left_of(order) == 0
    with pytest.raises(NotRefundable):
        plan_refund(order, [Units(line(order), 1, True)], shipping=False)


def test_a_plan_that_was_agreed_to_is_carried_out_once(order: Order) -> None:
    agreed = plan_refund(order, [Units(line(order), 1, True)], shipping=False)
    refunds.create_refund(agreed, reason="", by=None, seen=0, now=NOW)
    with pytest.raises(NotRefundable, match="sent twice"):
        refunds.create_refund(agreed, reason="", by=None, seen=0, now=NOW)
    assert Refund.objects.count() == 1


def test_of_eight_merchants_at_once_one_refunds(order: Order) -> None:
    agreed = plan_refund(order, [Units(line(order), 2, True)], shipping=False)
    ready = Barrier(8)

    def attempt(_: int) -> str:
        ready.wait(timeout=10)
        try:
            refunds.create_refund(agreed, reason="", by=None, seen=0, now=NOW)
        except NotRefundable:
            return "refused"
        finally:
            connections.close_all()
        return "written"

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(attempt, range(8))) == {"written": 1, "refused": 7}
    assert line(order).refunded == 2


# --- Crashes, and a Stripe that says no or nothing -----------------------------


def test_a_crash_before_stripe_was_asked_is_mended(order: Order, stripe_api: StripeClient) -> None:
    write_down(order, ("MUG-01", 1))
    assert (status(order), back_at(stripe_api, order)) == ("paid", [])
    call_command("reconcile")
    assert (status(order), back_at(stripe_api, order)) == ("partially_refunded", [499])
    assert claimed() == (1, 1)
    assert len(mail.outbox) == 1


def test_a_crash_after_asking_stripe_refunds_once(order: Order, stripe_api: StripeClient) -> None:
    written = write_down(order, ("MUG-01", 1))
    refunds._create(written)
    for _ in range(2):
        call_command("reconcile")
    assert back_at(stripe_api, order) == [499]
    assert (status(order), line(order).refunded) == ("partially_refunded", 1)
    assert len(mail.outbox) == 1


def test_nor_does_one_whose_key_stripe_forgot(order: Order, stripe_api: StripeClient) -> None:
    written = write_down(order, ("MUG-01", 1))
    key = {"order": order.number, "refund": written.idempotency_key}
    stripe_api.v1.refunds.create(
        {"payment_intent": order.payment_intent, "amount": 499, "metadata": key}
    )
    call_command("reconcile")
    assert back_at(stripe_api, order) == [499]
    assert Refund.objects.get().status == "succeeded"


def test_a_stripe_that_does_not_answer_leaves_it_for_later(order: Order, settings: Any) -> None:
    base = settings.STRIPE_API_BASE
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    made = refund(order, ("MUG-01", 1))
    assert (made.status, made.is_at_stripe, status(order)) == ("pending", False, "paid")
    assert claimed() == (2, 2)
    settings.STRIPE_API_BASE = base
    call_command("reconcile")
    assert status(order) == "partially_refunded"


def test_a_refusal_gives_units_back_and_says_why(order: Order, stripe_api: StripeClient) -> None:
    stripe_api.v1.refunds.create({"payment_intent": order.payment_intent})
    made = refund(order, ("MUG-01", 1))
    assert made.status == "failed"
    assert "already been refunded" in made.problem
    assert (line(order).refunded, claimed(), status(order)) == (0, (2, 2), "paid")
    assert not mail.outbox


# --- The shopper is told --------------------------------------------------------


def test_the_shopper_is_told_what_goes_back_and_why(order: Order) -> None:
    refund(order, ("MUG-01", 2))
    [note] = mail.outbox
    assert note.to == ["ada@example.org"]
    assert "€9.98" in note.subject
    for said in ("€9.98", "2 × Stoneware mug", "It was chipped.", "/orders/"):
        assert said in note.body


def test_a_note_that_the_mail_server_did_not_take_is_sent_later(
    order: Order, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    def away(*_: Any) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr(mail.EmailMessage, "send", away)
        refund(order, ("MUG-01", 1))
    assert (status(order), mail.outbox) == ("partially_refunded", [])
    clock.move_to(NOW + timedelta(minutes=2))
    for _ in range(2):
        call_command("reconcile")
    assert len([note for note in mail.outbox if "€4.99 back" in note.subject]) == 1


def test_the_order_page_shows_what_went_back(buyer: ShopClient, order: Order) -> None:
    refund(order, ("MUG-01", 1))
    page = buyer.open(f"/orders/mine/{order.number}/")
    assert page.order_status == "partially_refunded"
    assert "€4.99" in page.one("#refunds").text
    assert "It was chipped." in page.one("#refunds").text


# --- News from Stripe -----------------------------------------------------------


def event(about: StripeRefund | Charge, type_: str) -> dict[str, Any]:
    return {"id": f"evt_{type_}_{about.id}", "type": type_, "data": {"object": about.to_dict()}}


def test_a_refund_made_at_stripe_has_no_lines(order: Order, stripe_api: StripeClient) -> None:
    made = stripe_api.v1.refunds.create(
        {"payment_intent": order.payment_intent, "amount": 200, "reason": "duplicate"}
    )
    charge = stripe_api.v1.charges.retrieve(str(made.charge))
    for news in (event(charge, "charge.refunded"), event(made, "refund.updated")):
        assert deliver(news) == 200
    recorded = Refund.objects.get()
    assert (recorded.amount, recorded.stripe_id, recorded.reason) == (200, made.id, "duplicate")
    assert (recorded.made_by, recorded.lines.count(), claimed()) == (None, 0, (2, 2))
    assert status(order) == "partially_refunded"
    assert len(mail.outbox) == 1


def test_after_a_part_at_stripe_the_rest_goes_back(order: Order, stripe_api: StripeClient) -> None:
    made = stripe_api.v1.refunds.create(
        {"payment_intent": order.payment_intent, "amount": order.total - 300}
    )
    deliver(event(made, "refund.updated"))
    assert refund(order, ("MUG-01", 1)).amount == 300
    assert status(order) == "refunded"


def test_news_of_our_own_refund_that_outruns_the_answer_is_the_same_refund(
    order: Order, stripe_api: StripeClient
) -> None:
    written = write_down(order, ("MUG-01", 1))
    made = refunds._create(written)
    charge = stripe_api.v1.charges.retrieve(str(made.charge))
    deliver(event(charge, "charge.refunded"))
    refunds.execute(written, cause="merchant", now=NOW)
    assert Refund.objects.get().status == "succeeded"
    assert claimed() == (1, 1)
    assert len(mail.outbox) == 1


def fail(stripe_api: StripeClient, made: Refund) -> StripeRefund:
    """Wait until Stripe's clockwork has let a refund fail."""
    for _ in range(200):
        found = stripe_api.v1.refunds.retrieve(made.stripe_id)
        if found.status == "failed":
            return found
        time.sleep(0.05)
    raise AssertionError("The refund has not failed.")


@pytest.fixture
def failing(buyer: ShopClient, card: Card) -> Order:
    """An order paid with a card whose refunds fail after a while."""
    assert buyer.order(card("pm_card_refundFail")).order_status == "paid"
    return Order.objects.get()


def test_a_refund_that_fails_takes_the_order_back(failing: Order, stripe_api: StripeClient) -> None:
    made = refund(failing, ("MUG-01", 1))
    assert (made.status, status(failing)) == ("succeeded", "refunded")
    failed = fail(stripe_api, made)
    assert deliver(event(failed, "refund.failed")) == 200
    assert (refreshed(made).status, made.problem) == ("failed", "expired or canceled card")
    assert (status(failing), line(failing).refunded) == ("paid", 0)
    assert left_of(failing) == 499


def test_what_came_back_into_stock_came_back_once(failing: Order, stripe_api: StripeClient) -> None:
    made = refund(failing, ("MUG-01", 1))
    deliver(event(fail(stripe_api, made), "refund.failed"))
    assert (claimed(), line(failing).restocked) == ((0, 0), 1)
    refund(failing, ("MUG-01", 1))
    assert (claimed(), line(failing).restocked) == ((0, 0), 1)
    assert status(failing) == "refunded"


def test_a_late_event_of_a_payment_does_not_take_a_refund_back(order: Order) -> None:
    refund(order, ("MUG-01", 2), ("LMP-01", 1))
    deliver(event_about(order.payment_intent))
    settle_by_id(order, cause="late", now=NOW)
    assert status(order) == "refunded"


# --- Money for an order that is over --------------------------------------------


@pytest.fixture
def paid_too_late(buyer: ShopClient, card: Card, stripe_api: StripeClient) -> Order:
    """An order that ended here, and was paid at Stripe all the same."""
    buyer.order(card("pm_card_visa_chargeDeclined"))
    order = Order.objects.get()
    with transaction.atomic():
        row = locked(order)
        move(row, Order.Status.EXPIRED, cause="lapsed", now=NOW)
        release(row, NOW)
    stripe_api.v1.payment_intents.confirm(
        order.payment_intent, {"confirmation_token": card(), "return_url": "http://testserver/"}
    )
    return order


def test_a_payment_for_an_order_that_is_over_goes_back_by_itself(
    paid_too_late: Order, stripe_api: StripeClient
) -> None:
    order = paid_too_late
    assert deliver(event_about(order.payment_intent)) == 200
    assert status(order) == "refunded"
    assert back_at(stripe_api, order) == [499]
    last = order.history.last()
    assert last is not None
    assert (last.from_status, last.to_status) == ("expired", "refunded")
    assert claimed() == (0, 0)
    [note] = mail.outbox
    assert "when the order was over" in note.body


def test_it_goes_back_once_after_every_news(paid_too_late: Order, stripe_api: StripeClient) -> None:
    order = paid_too_late
    for _ in range(2):
        settle_by_id(order, cause="test", now=NOW)
    deliver(event_about(order.payment_intent))
    assert back_at(stripe_api, order) == [499]
    assert (Refund.objects.count(), len(mail.outbox)) == (1, 1)


def test_a_crash_on_that_way_is_completed(paid_too_late: Order, stripe_api: StripeClient) -> None:
    order = paid_too_late
    intent = client().v1.payment_intents.retrieve(order.payment_intent)
    with transaction.atomic():
        row = Order.objects.select_for_update().get()
        refunds.create_late_refund(row, intent, NOW)
    assert status(order) == "expired"
    call_command("reconcile")
    assert (status(order), back_at(stripe_api, order)) == ("refunded", [499])


def test_the_offer_of_an_order_that_is_over_is_good_again(
    paid_too_late: Order, buyer: ShopClient, card: Card, clock: Clock
) -> None:
    deliver(event_about(paid_too_late.payment_intent))
    assert buyer.bag().verdicts == []
    assert buyer.order(card()).order_status == "paid"


def test_one_that_was_refunded_at_stripe_by_hand_is_recorded_as_that(
    paid_too_late: Order, stripe_api: StripeClient
) -> None:
    order = paid_too_late
    made = stripe_api.v1.refunds.create({"payment_intent": order.payment_intent})
    deliver(event(made, "refund.updated"))
    deliver(event_about(order.payment_intent))
    assert (status(order), Refund.objects.count()) == ("refunded", 1)
