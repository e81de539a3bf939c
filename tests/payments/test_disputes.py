"""Disputes: a bank asks for the money back; the merchant sees it, and the order stays paid."""

from typing import Any

import pytest
from django.core.management import call_command
from stripe import StripeClient

from shop.orders.models import Dispute, Order
from shop.payments import disputes, refunds
from shop.payments.refund_plans import Units, left_of, plan_refund
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import CLOSES, OPENS
from tests.payments.test_webhooks import deliver
from tests.support.fixtures import Card

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(buyer: ShopClient, card: Card) -> Order:
    """An order whose shopper's bank asks for the money back."""
    assert buyer.order(card("pm_card_createDispute")).order_status == "paid"
    return Order.objects.get()


def news(stripe_api: StripeClient, order: Order, type_: str) -> dict[str, Any]:
    """The event about an order's dispute, as Stripe has it."""
    for event in stripe_api.v1.events.list({"type": type_, "limit": 100}).data:
        told = event.to_dict()
        if told["data"]["object"]["payment_intent"] == order.payment_intent:
            return told
    raise AssertionError(f"There is no {type_}.")


def test_a_dispute_is_kept_and_the_order_stays_paid(order: Order, stripe_api: StripeClient) -> None:
    event = news(stripe_api, order, "charge.dispute.created")
    for _ in range(2):
        assert deliver(event) == 200
    dispute = Dispute.objects.get()
    assert (dispute.order, dispute.amount, dispute.currency) == (order, 499, "EUR")
    assert (dispute.reason, dispute.status) == ("fraudulent", "needs_response")
    assert (dispute.opened_at, dispute.closed_at) == (OPENS, None)
    assert dispute.respond_by is not None
    order.refresh_from_db()
    assert order.status == "paid"


def test_a_lost_dispute_is_closed(order: Order, stripe_api: StripeClient, clock: Any) -> None:
    opened = news(stripe_api, order, "charge.dispute.created")
    deliver(opened)
    stripe_api.v1.disputes.close(opened["data"]["object"]["id"])
    clock.move_to(CLOSES)
    deliver(news(stripe_api, order, "charge.dispute.closed"))
    dispute = Dispute.objects.get()
    assert (dispute.status, dispute.closed_at) == ("lost", CLOSES)


def test_an_old_event_does_not_undo_what_is_true(order: Order, stripe_api: StripeClient) -> None:
    opened = news(stripe_api, order, "charge.dispute.created")
    stripe_api.v1.disputes.close(opened["data"]["object"]["id"])
    deliver(news(stripe_api, order, "charge.dispute.closed"))
    deliver(opened)
    assert Dispute.objects.get().status == "lost"


def test_a_disputed_charge_is_not_refunded_as_well(order: Order) -> None:
    agreed = plan_refund(order, [Units(order.lines.get(), 1, True)], shipping=False)
    refund = refunds.create_refund(agreed, reason="", by=None, seen=0, now=OPENS)
    refunds.execute(refund, cause="merchant", now=OPENS)
    assert refund.status == "failed"
    assert "charged back" in refund.problem


def test_its_money_is_kept_as_stripe_tells_it(order: Order, stripe_api: StripeClient) -> None:
    opened = news(stripe_api, order, "charge.dispute.created")
    deliver(opened)
    dispute = Dispute.objects.get()
    money = (dispute.withdrawn, dispute.reinstated, dispute.fee, dispute.account_currency)
    assert money == (499, 0, 2000, "EUR")
    evidence: Any = {"evidence": {"uncategorized_text": "winning_evidence"}}
    stripe_api.v1.disputes.update(opened["data"]["object"]["id"], evidence)
    deliver(news(stripe_api, order, "charge.dispute.funds_reinstated"))
    dispute.refresh_from_db()
    assert (dispute.outcome, dispute.reinstated, dispute.lost) == ("won", 499, 0)


def test_of_a_lost_dispute_nothing_can_be_refunded(order: Order, stripe_api: StripeClient) -> None:
    opened = news(stripe_api, order, "charge.dispute.created")
    stripe_api.v1.disputes.close(opened["data"]["object"]["id"])
    deliver(opened)
    assert Dispute.objects.get().lost == 499
    assert left_of(order) == 0


def test_an_inquiry_takes_no_money_and_a_refund_is_possible(
    buyer: ShopClient, card: Card, stripe_api: StripeClient
) -> None:
    buyer.order(card("pm_card_createDisputeInquiry"))
    order = Order.objects.get()
    deliver(news(stripe_api, order, "charge.dispute.created"))
    inquiry = Dispute.objects.get()
    assert (inquiry.outcome, inquiry.withdrawn, inquiry.fee) == ("open", 0, 0)
    assert inquiry.is_refundable
    agreed = plan_refund(order, [Units(order.lines.get(), 1, True)], shipping=False)
    refund = refunds.create_refund(agreed, reason="", by=None, seen=0, now=OPENS)
    refunds.execute(refund, cause="merchant", now=OPENS)
    assert refund.status == "succeeded"


def test_a_dispute_that_no_event_told_of_is_found_in_stripes_list(order: Order) -> None:
    for _ in range(2):
        disputes.find(OPENS)
    assert Dispute.objects.get().order == order


def test_a_dispute_that_was_decided_while_no_event_came_is_found_too(
    order: Order, stripe_api: StripeClient
) -> None:
    opened = news(stripe_api, order, "charge.dispute.created")
    deliver(opened)
    stripe_api.v1.disputes.close(opened["data"]["object"]["id"])
    call_command("reconcile")
    assert Dispute.objects.get().outcome == "lost"


def test_a_dispute_of_someone_elses_payment_is_acknowledged(db: None, order: Order) -> None:
    about = {"id": "du_unknown", "payment_intent": "pi_unknown"}
    event = {"id": "evt_other", "type": "charge.dispute.created", "data": {"object": about}}
    assert deliver(event) == 200
    assert not Dispute.objects.exists()
