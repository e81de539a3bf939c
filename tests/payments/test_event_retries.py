"""Events that have no form, and events whose processing fails: refused, paused, set aside."""

import json
import logging
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from shop.orders.models import StripeEvent
from shop.payments import event_inbox, webhooks
from shop.payments.event_facts import MalformedEvent, facts_of
from shop.payments.event_retries import PAUSES, TIME_TO_TRY
from shop.qa.pytest_plugin.factories import OPENS
from shop.qa.pytest_plugin.stripe import Stripe
from tests.support.fixtures import Clock

SECOND = timedelta(seconds=1)
SOUND: dict[str, Any] = {
    "id": "evt_1",
    "type": "payment_intent.succeeded",
    "data": {"object": {"id": "pi_1", "metadata": {"order": "FF-12345678", "round": "1"}}},
}


def changed(**parts: Any) -> dict[str, Any]:
    """A sound event, but for some of its parts."""
    return SOUND | parts


def about(**fields: Any) -> dict[str, Any]:
    return changed(data={"object": SOUND["data"]["object"] | fields})


# --- Without form -----------------------------------------------------------------

MALFORMED = [
    [SOUND],
    "evt_1",
    None,
    changed(id=None),
    changed(id=7),
    changed(id=""),
    changed(id="evt_\0"),
    changed(id="e" * 65),
    changed(type=["payment_intent.succeeded"]),
    changed(type=None),
    changed(type="payment_intent.\ud800"),
    changed(data=None),
    changed(data=[]),
    changed(data={}),
    changed(data={"object": "pi_1"}),
    about(id=None),
    about(id={"id": "pi_1"}),
    about(id="pi_\ud83d"),
    about(payment_intent={"id": "pi_1"}),
    about(metadata=["order"]),
]


@pytest.mark.django_db
@pytest.mark.parametrize("event", MALFORMED, ids=lambda event: json.dumps(event)[:90])
def test_a_signed_event_without_form_is_refused_and_told_once(
    event: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="shop"):
        assert [Stripe.deliver(event) for _ in range(2)] == [400, 400]
    assert not StripeEvent.objects.exists()
    assert len([line for line in caplog.messages if "malformed" in line]) <= 1
    assert not [line for line in caplog.messages if "Bad Request" in line]


@pytest.mark.django_db
@pytest.mark.parametrize("body", ["{", "[" * 100_000, '{"id": ' + "9" * 5000 + "}", ""])
def test_a_signed_body_that_is_no_json_is_refused(
    body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shop.qa.pytest_plugin.stripe.json.dumps", lambda event: body)
    assert Stripe.deliver({}) == 400


@pytest.mark.django_db
@pytest.mark.parametrize(
    "metadata",
    [None, {}, {"order": "9" * 500}, {"order": "FF-\0"}, {"order": "FF-1", "round": "first"}],
)
def test_what_another_program_noted_on_a_payment_is_no_order_of_ours(metadata: Any) -> None:
    assert Stripe.deliver(about(metadata=metadata, id="pi_of_another_shop")) == 200
    assert StripeEvent.objects.get().about["metadata"] == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("id", "payment_intent", "metadata"), JSON)
)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "id": JSON | st.just("evt_1"),
        "type": JSON | st.just("refund.updated"),
        "data": JSON | st.fixed_dictionaries({"object": JSON | OBJECTS}),
    },
)


@given(JSON | EVENTS)
def test_whatever_is_signed_has_form_or_is_malformed(event: Any) -> None:
    try:
        facts = facts_of(event)
    except MalformedEvent:
        return
    about = facts.about
    stored = [facts.id, facts.type, about["id"], about["payment_intent"]]
    assert all(isinstance(each, str) and each.isascii() and len(each) <= 64 for each in stored)
    assert all(each.isprintable() for each in (*stored, *about["metadata"].values()))


# --- Failing ----------------------------------------------------------------------


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The events that were tried: processing raises an error for those about ``pi_odd``."""
    seen: list[str] = []

    def act(event: StripeEvent, now: datetime) -> None:
        seen.append(event.pk)
        if event.about["id"] == "pi_odd":
            raise RuntimeError("odd")

    monkeypatch.setitem(webhooks._HANDLERS, "payment_intent.", act)
    return seen


@pytest.fixture
def odd(db: None, clock: Clock) -> StripeEvent:
    return event_inbox.store(changed(id="evt_odd", data={"object": {"id": "pi_odd"}}), OPENS)


def test_an_event_that_fails_waits_longer_each_time_and_is_then_set_aside(
    odd: StripeEvent, tried: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    now = OPENS
    event_inbox.process_pending(now)
    for count, pause in enumerate(PAUSES, start=1):
        event_inbox.process_pending(now + pause - SECOND)
        assert len(tried) == count
        now += pause
        event_inbox.process_pending(now)
        assert len(tried) == count + 1
    odd.refresh_from_db()
    assert (odd.set_aside_at, odd.acted_at, odd.tries) == (now, None, len(PAUSES) + 1)
    told = [record for record in caplog.records if "set aside" in record.getMessage()]
    assert [record.levelname for record in told] == ["ERROR"]
    event_inbox.process_pending(now + timedelta(days=1))
    event_inbox.process_soon(odd, now + timedelta(days=1))
    assert len(tried) == len(PAUSES) + 1, "it is tried no more"


def test_an_event_that_fails_keeps_no_other_waiting(odd: StripeEvent, tried: list[str]) -> None:
    for number in range(3):
        event_inbox.store(changed(id=f"evt_{number}"), OPENS)
    event_inbox.process_stored.call("evt_odd")
    event_inbox.process_pending(OPENS)
    assert sorted(tried) == ["evt_0", "evt_1", "evt_2", "evt_odd"]


@pytest.mark.django_db(transaction=True)
def test_what_was_set_aside_is_tried_anew_by_hand(
    odd: StripeEvent, tried: list[str], stripe: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    StripeEvent.objects.update(set_aside_at=OPENS, tries=6)
    call_command("reconcile", stdout=StringIO())
    assert not tried
    monkeypatch.setitem(webhooks._HANDLERS, "payment_intent.", lambda event, now: None)
    printed = StringIO()
    call_command("reconcile", "--retry-set-aside", stdout=printed)
    assert "1 event of Stripe's will be tried anew." in printed.getvalue()
    odd.refresh_from_db()
    assert odd.acted_at == OPENS


@pytest.mark.parametrize(("early", "is_kept"), [(SECOND, True), (timedelta(0), False)])
def test_an_event_that_stripe_never_answers_about_is_set_aside_after_three_days(
    early: timedelta, is_kept: bool, odd: StripeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def later(event: StripeEvent, now: datetime) -> None:
        raise webhooks.TryLater

    monkeypatch.setitem(webhooks._HANDLERS, "payment_intent.", later)
    event_inbox.process_pending(OPENS + TIME_TO_TRY - early)
    odd.refresh_from_db()
    assert (odd.set_aside_at is None) == is_kept
