"""Faults on order: each goes wrong as at Stripe, and leaves behind what it would leave there."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
import stripe

from shop.qa.pytest_plugin.stand_in import StripeApi, stand_in
from tests.sandbox.stripe_harness import Inbox, eventually

CREATE = "POST /v1/payment_intents"
CONFIRM = "POST /v1/payment_intents/*/confirm"
KEY: Any = {"idempotency_key": "attempt-1"}


@pytest.fixture(scope="module")
def shop() -> Iterator[Inbox]:
    with Inbox() as inbox:
        yield inbox


@pytest.fixture(scope="module")
def stood_in(shop: Inbox) -> Iterator[StripeApi]:
    """A stand-in of its own: a fault here must not befall another test's request."""
    with stand_in(*shop.arguments) as api:
        yield api


@pytest.fixture
def api(stood_in: StripeApi) -> Iterator[StripeApi]:
    stood_in.http("POST", "/reset")
    yield stood_in
    stood_in.http("DELETE", "/faults")


def order(api: StripeApi, kind: str, on: str = CONFIRM, **more: Any) -> requests.Response:
    return api.http("POST", "/faults", json={"on": on, "kind": kind, **more})


def confirm(api: StripeApi, intent: stripe.PaymentIntent, token: str) -> stripe.PaymentIntent:
    """As the shop does it, with a key: a second time it is the same request."""
    return api.v1.payment_intents.confirm(
        intent.id, {"confirmation_token": token, "return_url": "https://shop.example/"}, KEY
    )


def charges(api: StripeApi) -> int:
    return sum(intent["charges"] for intent in api.http("GET", "/ledger").json()["intents"])


@pytest.mark.parametrize(
    ("kind", "charged"),
    [("timeout_before", 0), ("timeout_after", 1), ("reset_before", 0), ("reset_after", 1)],
)
def test_an_answer_that_never_comes_and_the_same_request_again_charge_once(
    api: StripeApi, kind: str, charged: int
) -> None:
    intent, token = api.intent(), api.token()
    order(api, kind, seconds=0.3)
    with pytest.raises(stripe.APIConnectionError):
        confirm(api, intent, token)
    assert charges(api) == charged
    assert confirm(api, intent, token).status == "succeeded"
    assert charges(api) == 1


def test_a_connection_hangs_longer_than_its_client_waits(api: StripeApi) -> None:
    impatient = stripe.StripeClient(
        api.secret_key,
        base_addresses={"api": api.base},
        http_client=stripe.RequestsClient(timeout=0.2),
        max_network_retries=0,
    )
    order(api, "timeout_before", on="GET *", seconds=20)
    started = time.monotonic()
    with pytest.raises(stripe.APIConnectionError, match="timed out"):
        impatient.v1.payment_intents.list()
    assert time.monotonic() - started < 5


def test_a_time_out_can_take_effect_after_the_client_has_given_up(api: StripeApi) -> None:
    intent, token = api.intent(), api.token()
    order(api, "timeout_late", seconds=0.5)
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(confirm, api, intent, token)
        eventually(lambda: not api.http("GET", "/faults").json()["faults"])
        assert charges(api) == 0
        with pytest.raises(stripe.APIConnectionError):
            late.result()
    assert charges(api) == 1


def test_a_late_effect_meets_what_was_canceled_meanwhile(api: StripeApi) -> None:
    intent, token = api.intent(), api.token()
    order(api, "timeout_late", seconds=0.3)
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(confirm, api, intent, token)
        eventually(lambda: not api.http("GET", "/faults").json()["faults"])
        api.v1.payment_intents.cancel(intent.id)
        with pytest.raises(stripe.APIConnectionError):
            late.result()
    assert charges(api) == 0


@pytest.mark.parametrize(("kind", "charged"), [("error_500_during", 0), ("error_500_after", 1)])
def test_a_500_of_the_endpoint_is_kept_and_replayed(
    api: StripeApi, kind: str, charged: int
) -> None:
    intent, token = api.intent(), api.token()
    order(api, kind)
    for replayed in (None, "true"):
        with pytest.raises(stripe.APIError) as error:
            confirm(api, intent, token)
        assert error.value.http_status == 500
        assert (error.value.headers or {}).get("Idempotent-Replayed") == replayed
    assert charges(api) == charged


def test_a_500_from_in_front_of_the_endpoint_is_not_kept(api: StripeApi) -> None:
    intent, token = api.intent(), api.token()
    order(api, "error_500_before")
    with pytest.raises(stripe.APIError):
        confirm(api, intent, token)
    assert confirm(api, intent, token).status == "succeeded"


def test_what_was_answered_before_is_replayed_whatever_fails_now(api: StripeApi) -> None:
    intent, token = api.intent(), api.token()
    confirm(api, intent, token)
    order(api, "error_500_during")
    assert confirm(api, intent, token).status == "succeeded"


def test_too_many_requests_are_told_so_and_nothing_is_kept(api: StripeApi) -> None:
    order(api, "error_429", on=CREATE, times=2)
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError):
            api.intent(idempotency_key="intent-1")
    assert api.intent(idempotency_key="intent-1").status == "requires_payment_method"


def test_a_fault_befalls_what_it_is_on_and_as_often_as_ordered(api: StripeApi) -> None:
    order(api, "error_500_before", on=CREATE, times=2)
    intents = api.v1.payment_intents
    intents.list()
    for left in ([1], []):
        with pytest.raises(stripe.APIError):
            api.intent()
        faults = api.http("GET", "/faults").json()["faults"]
        assert [fault["times"] for fault in faults] == left
    assert api.confirm(api.intent()).status == "succeeded"


@pytest.mark.parametrize("end", [("DELETE", "/faults"), ("POST", "/reset")])
def test_faults_are_ended_also_those_that_hang(api: StripeApi, end: tuple[str, str]) -> None:
    order(api, "timeout_before", on="GET /v1/events", seconds=60, times=9)
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(api.http, "GET", "/v1/events")
        eventually(lambda: api.http("GET", "/faults").json()["faults"][0]["times"] == 8)
        api.http(*end)
        with pytest.raises(requests.ConnectionError):
            hanging.result(timeout=5)
    assert api.http("GET", "/v1/events").status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "earthquake"}, {"on": ""}, {"times": 0}, {"seconds": "long"}, {"why": "because"}],
)
def test_a_fault_that_cannot_be_is_refused(api: StripeApi, wrong: dict[str, Any]) -> None:
    answer = api.http("POST", "/faults", json={"on": CREATE, "kind": "error_429", **wrong})
    assert answer.status_code == 400
    assert api.http("GET", "/faults").json() == {"faults": []}


def test_no_other_sites_page_orders_a_fault(api: StripeApi) -> None:
    answer = api.http("DELETE", "/faults", headers={"Origin": "https://shop.example"})
    assert answer.status_code == 403


# Events


def test_an_event_is_lost_for_ever(api: StripeApi, shop: Inbox) -> None:
    order(api, "webhook_never", on="payment_intent.succeeded")
    lost = api.confirm(api.intent())
    found = api.confirm(api.intent())
    eventually(lambda: shop.events(about=found.id))
    (event, *_) = api.v1.events.list({"type": "payment_intent.succeeded"}).data[::-1]
    assert event.data.object["id"] == lost.id
    eventually(lambda: api.v1.events.retrieve(event.id).pending_webhooks == 0)
    assert not shop.events(about=lost.id)


def test_an_event_arrives_twice(api: StripeApi, shop: Inbox) -> None:
    order(api, "webhook_twice", on="payment_intent.*")
    paid = api.confirm(api.intent())
    first, second = eventually(
        lambda: found if len(found := shop.events(about=paid.id)) == 2 else None
    )
    assert first.id == second.id


def test_an_event_arrives_late(api: StripeApi, shop: Inbox) -> None:
    order(api, "webhook_late", on="payment_intent.succeeded", seconds=0.5)
    paid = api.confirm(api.intent())
    another = api.confirm(api.intent())
    eventually(lambda: shop.events(about=another.id))
    assert not shop.events(about=paid.id)
    eventually(lambda: shop.events(about=paid.id))


def test_an_event_is_overtaken_by_the_next_one_about_its_payment(
    api: StripeApi, shop: Inbox
) -> None:
    order(api, "webhook_out_of_order", on="payment_intent.payment_failed")
    intent = api.intent()
    with pytest.raises(stripe.CardError):
        api.confirm(intent, "pm_card_visa_chargeDeclined")
    api.confirm(intent)
    eventually(lambda: len(shop.events(about=intent.id)) == 2)
    arrived = [event.type for event in shop.events(about=intent.id)]
    assert arrived == ["payment_intent.succeeded", "payment_intent.payment_failed"]


def test_an_event_arrives_before_the_answer_to_what_caused_it(api: StripeApi, shop: Inbox) -> None:
    order(api, "webhook_before_response", on="payment_intent.succeeded")
    paid = api.confirm(api.intent())
    assert shop.events("payment_intent.succeeded", about=paid.id)


def test_without_an_address_for_events_nothing_can_befall_them() -> None:
    with stand_in() as api:
        assert order(api, "webhook_never", on="*").status_code == 400
