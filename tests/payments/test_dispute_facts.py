"""What is recorded of disputes: as Stripe has them, whatever was heard of them and when."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import stripe
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop.orders.models import Dispute, Order
from shop.payments import disputes
from shop.payments.refund_plans import left_of
from shop.qa.pytest_plugin.factories import OPENS
from shop.sales.models import Sale
from tests.support.factories import make_order, make_refund, refreshed

pytestmark = pytest.mark.django_db

DUE = OPENS.replace(microsecond=0) + timedelta(days=7)
#: How a dispute may go, from beginning to end.
COURSES = (
    ("needs_response", "lost"),
    ("needs_response", "under_review", "won"),
    (
        "needs_response",
        "under_review",
        "lost",
        "appeal_needs_response",
        "appeal_under_review",
        "won",
    ),
    ("warning_needs_response", "warning_under_review", "warning_closed"),
    ("warning_needs_response", "needs_response", "lost"),
    ("warning_needs_response", "prevented"),
    ("needs_response", "a_status_of_next_year"),
)


def answer(status: str = "needs_response", id: str = "du_1", **fields: Any) -> stripe.Dispute:
    """A dispute as Stripe answers it."""
    moved: list[dict[str, Any]] = []
    if not status.startswith(("warning", "prevented")):
        moved.append({"amount": -998, "fee": 2000, "currency": "eur"})
    if status == "won":
        moved.append({"amount": 998, "fee": 0, "currency": "eur"})
    given = {
        "id": id,
        "object": "dispute",
        "amount": 998,
        "currency": "eur",
        "reason": "fraudulent",
        "status": status,
        "payment_intent": "pi_1",
        "is_charge_refundable": status.startswith("warning"),
        "evidence_details": {"due_by": int(DUE.timestamp())},
        "balance_transactions": moved,
    }
    return stripe.Dispute.construct_from(given | fields, "sk_test")


@dataclass
class Bank:
    """Stripe's record of disputes, as it is now."""

    now: dict[str, stripe.Dispute] = field(default_factory=dict)
    asked: int = 0
    #: What happens between a question and its answer.
    meanwhile: Callable[[], None] = lambda: None

    def retrieve(self, id: str) -> stripe.Dispute:
        self.asked += 1
        told = self.now[id]
        self.meanwhile()
        return told

    def list(self, params: dict[str, Any]) -> Any:
        return SimpleNamespace(auto_paging_iter=lambda: iter(list(self.now.values())))


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> Bank:
    bank = Bank()
    client = SimpleNamespace(v1=SimpleNamespace(disputes=bank))
    monkeypatch.setattr(disputes, "client", lambda: client)
    return bank


@pytest.fixture
def order(sale: Sale) -> Order:
    """Two mugs for €9.98 in all."""
    return make_order(sale, payment_intent="pi_1")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(course=st.sampled_from(COURSES), data=st.data())
def test_events_late_lost_twice_or_out_of_order_end_as_stripe_has_it(
    order: Order, bank: Bank, course: tuple[str, ...], data: st.DataObject
) -> None:
    Dispute.objects.all().delete()
    for status in course:
        bank.now["du_1"] = answer(status)
        for _ in range(data.draw(st.integers(0, 2))):  # events that arrive by now
            assert disputes.refresh(order, "du_1", OPENS)
    disputes.find(OPENS)
    row = Dispute.objects.get()
    expected = {"lost": "lost", "won": "won", "warning_closed": "won", "prevented": "won"}
    assert row.outcome == expected.get(course[-1], "open")
    assert disputes.DisputeFacts.of_row(row) == disputes.DisputeFacts.of_answer(bank.now["du_1"])
    assert (row.closed_at is None) == row.is_open


def test_of_two_answers_at_once_the_older_one_changes_nothing(order: Order, bank: Bank) -> None:
    bank.now["du_1"] = answer()
    disputes.refresh(order, "du_1", OPENS)

    def overtake() -> None:
        bank.meanwhile = lambda: None
        bank.now["du_1"] = answer("lost")
        assert disputes.refresh(order, "du_1", OPENS)

    bank.meanwhile = overtake
    assert disputes.refresh(order, "du_1", OPENS)
    assert Dispute.objects.get().status == "lost"


def test_the_first_of_two_that_both_find_a_new_dispute_records_it(order: Order, bank: Bank) -> None:
    bank.now["du_1"] = answer()

    def overtake() -> None:
        bank.meanwhile = lambda: None
        disputes.refresh(order, "du_1", OPENS)

    bank.meanwhile = overtake
    assert disputes.refresh(order, "du_1", OPENS)
    assert Dispute.objects.count() == 1


def test_an_appeal_opens_a_lost_dispute_again(order: Order, bank: Bank) -> None:
    for status, closed_at in (("lost", OPENS), ("appeal_under_review", None)):
        bank.now["du_1"] = answer(status)
        disputes.refresh(order, "du_1", OPENS)
        assert Dispute.objects.get().closed_at == closed_at


def test_a_dispute_keeps_when_it_was_decided(order: Order, bank: Bank) -> None:
    bank.now["du_1"] = answer("won")
    for minutes in (0, 5):
        disputes.refresh(order, "du_1", OPENS + timedelta(minutes=minutes))
    assert Dispute.objects.get().closed_at == OPENS


def test_a_dispute_without_a_deadline_has_none(order: Order, bank: Bank) -> None:
    bank.now["du_1"] = answer(evidence_details={"due_by": 0})
    disputes.refresh(order, "du_1", OPENS)
    assert Dispute.objects.get().respond_by is None


def test_its_deadline_is_stripes(order: Order, bank: Bank) -> None:
    bank.now["du_1"] = answer()
    disputes.refresh(order, "du_1", OPENS)
    assert Dispute.objects.get().respond_by == DUE.astimezone(UTC)


def test_a_fee_in_another_currency_is_kept_in_it(order: Order, bank: Bank) -> None:
    moved = [{"amount": -1500, "fee": 1500, "currency": "jpy"}]
    bank.now["du_1"] = answer(balance_transactions=moved)
    disputes.refresh(order, "du_1", OPENS)
    row = Dispute.objects.get()
    assert (row.amount, row.currency) == (998, "EUR")
    assert (row.withdrawn, row.fee, row.account_currency) == (1500, 1500, "JPY")


def test_a_fee_that_is_given_back_costs_nothing(order: Order, bank: Bank) -> None:
    moved = [
        {"amount": -998, "fee": 1500, "currency": "eur"},
        {"amount": 998, "fee": -1500, "currency": "eur"},
    ]
    bank.now["du_1"] = answer("won", balance_transactions=moved)
    disputes.refresh(order, "du_1", OPENS)
    assert Dispute.objects.get().fee == 0


def test_several_disputes_of_one_payment_stand_beside_each_other(order: Order, bank: Bank) -> None:
    bank.now["du_1"] = answer("lost", amount=300)
    bank.now["du_2"] = answer("needs_response", id="du_2", amount=200)
    disputes.find(OPENS)
    assert Dispute.objects.count() == 2
    assert left_of(order) == 698


def test_what_was_refunded_and_what_was_lost_cannot_go_back_again(order: Order, bank: Bank) -> None:
    make_refund(order, amount=499, status="succeeded")
    bank.now["du_1"] = answer("lost", amount=499)
    disputes.find(OPENS)
    assert left_of(order) == 0
    # A bank may take more than was left.
    bank.now["du_1"] = answer("lost", amount=998)
    disputes.find(OPENS)
    assert left_of(order) == 0
    assert refreshed(order).status == "paid"


def test_the_list_is_asked_about_one_dispute_once_it_is_known(order: Order, bank: Bank) -> None:
    bank.now["du_1"] = answer()
    for asked in (1, 1):
        disputes.find(OPENS)
        assert bank.asked == asked


def test_an_open_dispute_that_the_list_does_not_reach_is_asked_for(
    order: Order, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank.now["du_1"] = answer()
    since = disputes.find(OPENS)
    bank.now["du_1"] = answer("lost")
    empty = SimpleNamespace(auto_paging_iter=lambda: iter(()))
    monkeypatch.setattr(Bank, "list", lambda *_: empty)
    disputes.find(OPENS, since=since)
    assert Dispute.objects.get().is_open, "events tell of it, while reconcile runs"
    disputes.find(OPENS)
    assert Dispute.objects.get().outcome == "lost"


def test_disputes_of_other_payments_are_left_alone(order: Order, bank: Bank) -> None:
    bank.now["du_1"] = answer(payment_intent="pi_of_another_shop")
    bank.now["du_2"] = answer(id="du_2", payment_intent=None)
    disputes.find(OPENS)
    assert not Dispute.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "lost", "closed_at": None},
        {"status": "needs_response", "closed_at": datetime(2026, 11, 27, tzinfo=UTC)},
        {"amount": 0},
        {"withdrawn": 998},
        {"fee": -1, "account_currency": "EUR"},
    ],
    ids=["lost and open", "open and closed", "of nothing", "of no currency", "a negative fee"],
)
def test_the_database_keeps_no_dispute_that_cannot_be(order: Order, wrong: dict[str, Any]) -> None:
    right = {"amount": 998, "currency": "EUR", "status": "needs_response", "opened_at": OPENS}
    Dispute.objects.create(order=order, stripe_id="du_right", **right)
    with pytest.raises(IntegrityError), transaction.atomic():
        Dispute.objects.create(order=order, stripe_id="du_wrong", **(right | wrong))
