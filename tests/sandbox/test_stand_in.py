"""What the stand-in has beyond Stripe's answers: webhooks, delays, memory, a ledger, a bank."""

import concurrent.futures
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import stripe
from freezegun import freeze_time

from shop.qa.pytest_plugin.stand_in import StripeApi, stand_in
from shop.sandbox import api as sandbox_api
from shop.sandbox import cards, forms
from shop.sandbox.context import Context
from shop.sandbox.http_messages import Request
from shop.sandbox.router import Application
from shop.sandbox.store import Store
from tests.sandbox.stripe_harness import PUBLISHABLE_KEY, WEBHOOK_SECRET, Inbox, eventually
from tests.sandbox.stripe_types import mismatches

USD_DEBIT: dict[str, Any] = {"currency": "usd", "allowed_payment_method_types": ["us_bank_account"]}


@pytest.fixture
def api(stripe_stand_in: StripeApi) -> StripeApi:
    return stripe_stand_in


@pytest.fixture
def own_inbox() -> Iterator[Inbox]:
    with Inbox() as inbox:
        yield inbox


def bank_address(intent: stripe.PaymentIntent) -> str:
    assert intent.next_action is not None and intent.next_action.redirect_to_url is not None
    assert intent.next_action.redirect_to_url.url is not None
    return intent.next_action.redirect_to_url.url


def answer_bank(address: str, decision: str) -> requests.Response:
    attempt = parse_qs(urlsplit(address).query)["attempt"][0]
    return requests.post(
        address.partition("?")[0],
        data={"attempt": attempt, "decision": decision},
        allow_redirects=False,
        timeout=5,
    )


# Webhooks


def test_an_event_arrives_signed_with_a_snapshot_of_its_moment(
    api: StripeApi, inbox: Inbox
) -> None:
    intent = api.intent(metadata={"order": "F-7"})
    with pytest.raises(stripe.CardError):
        api.confirm(intent, "pm_card_visa_chargeDeclined")
    api.confirm(intent)
    failed, paid = eventually(
        lambda: (
            sorted(events, key=lambda event: event.type)
            if len(events := inbox.events(about=intent.id)) == 2
            else None
        )
    )
    assert (failed.type, paid.type) == ("payment_intent.payment_failed", "payment_intent.succeeded")
    assert failed.data.object["status"] == "requires_payment_method"
    assert paid.data.object["status"] == "succeeded"
    assert paid.data.object["metadata"]["order"] == "F-7"
    assert paid.request is not None and (paid.request.id or "").startswith("req_")


def test_a_wrong_secret_does_not_open_an_event(api: StripeApi, inbox: Inbox) -> None:
    intent = api.confirm(api.intent())
    eventually(lambda: inbox.events(about=intent.id))
    payload, signature = inbox.letters[-1]
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(payload, signature, "whsec_other")


def test_every_turn_of_a_payment_is_told(api: StripeApi, inbox: Inbox) -> None:
    waiting = api.confirm(api.intent(), "pm_card_threeDSecure2Required")
    api.v1.payment_intents.cancel(waiting.id)
    paid = api.confirm(api.intent())
    api.v1.refunds.create({"payment_intent": paid.id})
    for intent, *types in (
        (waiting, "payment_intent.requires_action", "payment_intent.canceled"),
        (paid, "payment_intent.succeeded", "charge.refunded"),
    ):
        for type in types:
            eventually(lambda: inbox.events(type, about=intent.id))  # noqa: B023


def test_an_event_is_sent_again_until_the_shop_says_2xx(own_inbox: Inbox) -> None:
    own_inbox.answers = [500, 302]
    with stand_in(*own_inbox.arguments) as api:
        paid = api.confirm(api.intent())
        eventually(lambda: len(own_inbox.letters) == 3)
        first, second, third = own_inbox.events(about=paid.id)
        assert first.id == second.id == third.id
        (event,) = api.v1.events.list({"type": "payment_intent.succeeded"}).data
        eventually(lambda: api.v1.events.retrieve(event.id).pending_webhooks == 0)
        assert len(own_inbox.letters) == 3


def test_a_slow_shop_does_not_hold_up_the_api(own_inbox: Inbox) -> None:
    own_inbox.gate.clear()
    with stand_in(*own_inbox.arguments) as api:
        paid = api.confirm(api.intent())
        eventually(lambda: own_inbox.letters)
        assert api.retrieve(paid).status == "succeeded"
        assert api.v1.events.list().data[0].pending_webhooks == 1
        own_inbox.gate.set()
        eventually(lambda: api.v1.events.list().data[0].pending_webhooks == 0)


def test_all_events_can_be_listed_and_asked_for(api: StripeApi) -> None:
    paid = api.confirm(api.intent())
    events = api.v1.events.list({"limit": 3}).data
    assert {event.type for event in events} >= {"payment_intent.succeeded", "charge.succeeded"}
    of_type = api.v1.events.list({"type": "payment_intent.succeeded", "limit": 1}).data
    assert of_type[0].data.object["id"] == paid.id
    assert api.v1.events.retrieve(of_type[0].id).id == of_type[0].id


# What is decided later


def test_a_debit_is_processing_first_and_paid_later(api: StripeApi, inbox: Inbox) -> None:
    processing = api.confirm(api.intent(**USD_DEBIT), "pm_usBankAccount_success")
    assert (processing.status, processing.amount_received) == ("processing", 0)
    eventually(lambda: api.retrieve(processing).status == "succeeded")
    assert api.retrieve(processing).amount_received == 4990
    for type in ("payment_intent.processing", "payment_intent.succeeded"):
        eventually(lambda: inbox.events(type, about=processing.id))  # noqa: B023


def test_a_debit_can_fail_later_and_leave_the_intent_open(api: StripeApi, inbox: Inbox) -> None:
    processing = api.confirm(api.intent(**USD_DEBIT), "pm_usBankAccount_insufficientFunds")
    eventually(lambda: api.retrieve(processing).status == "requires_payment_method")
    assert api.retrieve(processing).last_payment_error is not None
    eventually(lambda: inbox.events("payment_intent.payment_failed", about=processing.id))


def test_a_sepa_debit_is_made_from_an_iban(api: StripeApi) -> None:
    token = api.v1.test_helpers.confirmation_tokens.create(
        {
            "payment_method_data": {
                "type": "sepa_debit",
                "sepa_debit": {"iban": "DE89 3704 0044 0532 0130 00"},
                "billing_details": {"name": "Ada", "email": "ada@example.com"},
            }
        }
    )
    intent = api.intent(allowed_payment_method_types=["card", "sepa_debit"])
    assert api.confirm(intent, confirmation_token=token.id).status == "processing"


def test_what_is_processing_can_be_neither_confirmed_nor_canceled() -> None:
    with stand_in("--delay", "3600") as api:
        processing = api.confirm(api.intent(**USD_DEBIT), "pm_usBankAccount_success")
        with pytest.raises(stripe.InvalidRequestError) as confirmed:
            api.confirm(processing, "pm_usBankAccount_success")
        with pytest.raises(stripe.InvalidRequestError) as canceled:
            api.v1.payment_intents.cancel(processing.id)
        for error in (confirmed, canceled):
            assert error.value.code == "payment_intent_unexpected_state"


def test_a_type_that_the_intent_does_not_allow_is_refused(api: StripeApi) -> None:
    intent = api.intent(currency="usd", allowed_payment_method_types=["card"])
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.confirm(intent, "pm_usBankAccount_success")
    assert error.value.code == "payment_intent_incompatible_payment_method"


def test_types_that_do_not_fit_the_currency_are_left_out(api: StripeApi) -> None:
    both = ["card", "us_bank_account"]
    assert api.intent(allowed_payment_method_types=both).payment_method_types == ["card"]
    in_dollars = api.intent(currency="usd", allowed_payment_method_types=both)
    assert in_dollars.payment_method_types == both
    with pytest.raises(stripe.InvalidRequestError):
        api.intent(allowed_payment_method_types=["us_bank_account"])


def test_a_refund_can_take_a_while(api: StripeApi, inbox: Inbox) -> None:
    paid = api.confirm(api.intent(), "pm_card_pendingRefund")
    refund = api.v1.refunds.create({"payment_intent": paid.id})
    assert refund.status == "pending"
    eventually(lambda: api.v1.refunds.retrieve(refund.id).status == "succeeded")
    eventually(lambda: inbox.events("refund.updated", about=refund.id))


def test_a_refund_can_come_back(api: StripeApi, inbox: Inbox) -> None:
    paid = api.confirm(api.intent(), "pm_card_refundFail")
    refund = api.v1.refunds.create({"payment_intent": paid.id})
    assert refund.status == "succeeded"
    eventually(lambda: inbox.events("refund.failed", about=refund.id))
    failed = api.v1.refunds.retrieve(refund.id, {"expand": ["charge"]})
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert isinstance(failed.charge, stripe.Charge)
    assert (failed.charge.amount_refunded, failed.charge.refunded) == (0, False)


def test_a_dispute_is_opened_by_its_card_and_lost_when_accepted(
    api: StripeApi, inbox: Inbox
) -> None:
    paid = api.confirm(api.intent(), "pm_card_createDispute")
    (opened,) = eventually(lambda: inbox.events("charge.dispute.created", about=paid.id))
    dispute = opened.data.object
    assert (dispute["payment_intent"], dispute["status"]) == (paid.id, "needs_response")
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.v1.refunds.create({"payment_intent": paid.id})
    assert error.value.code == "charge_disputed"
    eventually(lambda: inbox.events("charge.dispute.funds_withdrawn", about=paid.id))
    assert api.v1.disputes.close(dispute["id"]).status == "lost"
    eventually(lambda: inbox.events("charge.dispute.closed", about=paid.id))
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.disputes.close(dispute["id"])


def test_a_won_dispute_gives_the_money_back_and_keeps_the_fee(api: StripeApi, inbox: Inbox) -> None:
    paid = api.confirm(api.intent(), "pm_card_createDisputeProductNotReceived")
    (opened,) = eventually(lambda: inbox.events("charge.dispute.created", about=paid.id))
    evidence: Any = {"evidence": {"uncategorized_text": "winning_evidence"}}
    won = api.v1.disputes.update(opened.data.object["id"], evidence)
    moved = [(each.amount, each.fee, each.net) for each in won.balance_transactions]
    assert moved == [(-4990, 2000, -6990), (4990, 0, 4990)]
    for name in ("updated", "closed", "funds_reinstated"):
        eventually(lambda: inbox.events(f"charge.dispute.{name}", about=paid.id))  # noqa: B023


def test_evidence_that_is_only_staged_decides_nothing(api: StripeApi, inbox: Inbox) -> None:
    paid = api.confirm(api.intent(), "pm_card_createDispute")
    (opened,) = eventually(lambda: inbox.events("charge.dispute.created", about=paid.id))
    staged: Any = {"evidence": {"uncategorized_text": "winning_evidence"}, "submit": False}
    dispute = api.v1.disputes.update(opened.data.object["id"], staged)
    assert (dispute.status, dispute.evidence_details.has_evidence) == ("needs_response", True)


def test_the_fee_of_a_currency_without_decimals_has_none(api: StripeApi) -> None:
    paid = api.confirm(api.intent(amount=5000, currency="jpy"), "pm_card_createDispute")
    found = eventually(lambda: api.v1.disputes.list({"payment_intent": paid.id}).data)
    assert found[0].balance_transactions[0].fee == 20


# The bank


def test_the_bank_approves_and_sends_the_shopper_back(api: StripeApi) -> None:
    waiting = api.confirm(
        api.intent(),
        "pm_card_threeDSecure2Required",
        return_url="https://shop.example/orders/1/?from=bank",
    )
    page = requests.get(bank_address(waiting), timeout=5)
    assert page.status_code == 200 and "€49.90 EUR" in page.text
    back = answer_bank(bank_address(waiting), "approve")
    assert back.status_code == 303
    assert back.headers["Location"].startswith("https://shop.example/orders/1/?from=bank&")
    assert parse_qs(urlsplit(back.headers["Location"]).query) == {
        "from": ["bank"],
        "payment_intent": [waiting.id],
        "payment_intent_client_secret": [waiting.client_secret],
        "redirect_status": ["succeeded"],
    }
    assert api.retrieve(waiting).status == "succeeded"


def test_declining_at_the_bank_leaves_the_intent_open_for_another_card(api: StripeApi) -> None:
    waiting = api.confirm(api.intent(), "pm_card_threeDSecure2Required")
    back = answer_bank(bank_address(waiting), "decline")
    assert "redirect_status=failed" in back.headers["Location"]
    now = api.retrieve(waiting)
    assert now.status == "requires_payment_method"
    assert now.last_payment_error is not None
    assert now.last_payment_error.code == "payment_intent_authentication_failure"
    assert api.confirm(waiting, "pm_card_visa").status == "succeeded"


def test_a_card_can_be_declined_after_the_bank_approved(api: StripeApi) -> None:
    waiting = api.confirm(api.intent(), "pm_card_threeDSecureRequiredChargeDeclined")
    back = answer_bank(bank_address(waiting), "approve")
    assert "redirect_status=failed" in back.headers["Location"]
    now = api.retrieve(waiting)
    assert now.last_payment_error is not None
    assert now.last_payment_error.code == "card_declined"


@pytest.mark.parametrize("meanwhile", ["decided", "canceled", "tried again"])
def test_an_old_bank_page_decides_nothing(api: StripeApi, meanwhile: str) -> None:
    waiting = api.confirm(api.intent(), "pm_card_threeDSecure2Required")
    old = bank_address(waiting)
    if meanwhile == "canceled":
        api.v1.payment_intents.cancel(waiting.id)
    else:
        answer_bank(old, "decline")
    if meanwhile == "tried again":
        api.confirm(waiting, "pm_card_threeDSecure2Required")
    before = api.retrieve(waiting).status
    assert requests.get(old, timeout=5).status_code == 410
    assert answer_bank(old, "approve").status_code == 410
    assert api.retrieve(waiting).status == before != "succeeded"


def test_without_an_address_to_return_to_the_script_has_to_do_it(api: StripeApi) -> None:
    waiting = api.v1.payment_intents.confirm(
        api.intent().id, {"confirmation_token": api.token("pm_card_threeDSecure2Required")}
    )
    assert waiting.next_action is not None and waiting.next_action.type == "use_stripe_sdk"


# Memory


def test_everything_survives_a_restart_undelivered_events_too(
    tmp_path: Path, own_inbox: Inbox
) -> None:
    kept = ("--db", str(tmp_path / "stripe.sqlite3"), "--delay", "0.5")
    nobody = ("--webhook-url", "http://127.0.0.1:9/", "--webhook-secret", WEBHOOK_SECRET)
    with stand_in(*kept, *nobody) as api:
        paid = api.confirm(api.intent(idempotency_key="order-1"))
        debit = api.confirm(api.intent(**USD_DEBIT), "pm_usBankAccount_success")
        eventually(lambda: api.http("GET", "/ledger").json()["totals"]["eur"]["charged"])
    with stand_in(*kept, *own_inbox.arguments) as api:
        assert api.retrieve(paid).status == "succeeded"
        assert api.intent(idempotency_key="order-1").id == paid.id
        eventually(lambda: api.retrieve(debit).status == "succeeded")
        eventually(lambda: own_inbox.events("payment_intent.succeeded", about=paid.id))


def test_the_ledger_tells_what_was_really_charged_and_reset_forgets_it() -> None:
    with stand_in() as api:
        intent = api.intent(metadata={"order": "F-9"})
        with pytest.raises(stripe.CardError):
            api.confirm(intent, "pm_card_visa_chargeDeclined")
        api.confirm(intent)
        api.v1.refunds.create({"payment_intent": intent.id, "amount": 990})
        ledger = requests.get(f"{api.base}/ledger", timeout=5).json()
        assert ledger["totals"] == {"eur": {"charged": 4990, "refunded": 990}}
        (row,) = ledger["intents"]
        assert (row["id"], row["status"]) == (intent.id, "succeeded")
        assert (row["charges"], row["declines"]) == (1, 1)
        assert row["metadata"] == {"order": "F-9"}

        reset = f"{api.base}/reset"
        from_elsewhere = {"Origin": "https://evil.example"}
        assert requests.post(reset, headers=from_elsewhere, timeout=5).status_code == 403
        assert requests.post(reset, timeout=5).status_code == 200
        assert requests.get(f"{api.base}/ledger", timeout=5).json()["intents"] == []
        assert requests.get(f"{api.base}/health", timeout=5).json() == {"status": "ok"}


def test_it_stops_at_once_while_connections_are_open(own_inbox: Inbox) -> None:
    own_inbox.gate.clear()
    started = 0.0
    with requests.Session() as session, stand_in(*own_inbox.arguments) as api:
        session.get(f"{api.base}/health", timeout=5)
        api.confirm(api.intent())
        eventually(lambda: own_inbox.letters)
        started = time.monotonic()
    own_inbox.gate.set()
    assert time.monotonic() - started < 2


def test_time_is_real_whatever_the_shop_believes(api: StripeApi) -> None:
    with freeze_time("2031-01-01"):
        created = api.intent().created
    assert abs(created - time.time()) < 60


# Idempotency


def test_a_second_request_with_a_running_key_is_a_409(tmp_path: Path) -> None:
    """The first is held by locking the stand-in's database; the second must not wait for it."""
    path = tmp_path / "stripe.sqlite3"
    with stand_in("--db", str(path)) as api:
        lock = sqlite3.connect(path, isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")

        def create() -> int:
            return api.http(
                "POST",
                "/v1/payment_intents",
                data={"amount": 4990, "currency": "eur"},
                headers={"Idempotency-Key": "the-same"},
            ).status_code

        with concurrent.futures.ThreadPoolExecutor() as pool:
            futures = [pool.submit(create) for _ in range(2)]
            done, held = concurrent.futures.wait(
                futures, timeout=5, return_when=concurrent.futures.FIRST_COMPLETED
            )
            lock.execute("ROLLBACK")
            lock.close()
            assert [future.result() for future in done] == [409]
            assert [future.result() for future in held] == [200]
        assert len(api.v1.payment_intents.list().data) == 1


def test_a_500_is_kept_for_its_key_and_its_deed_undone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    context = Context(Store(), base_url="http://stand-in.test")
    application = Application(context, after_write=lambda: None)
    calls = []

    def break_down(context: Context, params: dict[str, Any]) -> dict[str, Any]:
        calls.append(params)
        context.store.later("settle_payment", "pi_1", 60)
        raise RuntimeError("broken")

    broken = sandbox_api.Route("POST", "/v1/broken", forms.Form(), break_down)
    monkeypatch.setattr(sandbox_api, "ROUTES", (broken,))
    request = Request(
        "POST", "/v1/broken", headers={"authorization": "Bearer sk_test_x", "idempotency-key": "k"}
    )
    first, second = application(request), application(request)
    assert (first.status, second.status, len(calls)) == (500, 500, 1)
    assert first.body == second.body
    assert second.headers["Idempotent-Replayed"] == "true"
    assert context.store.execute("SELECT * FROM timers") == []
    assert "RuntimeError: broken" in capsys.readouterr().err


def test_a_key_belongs_to_its_address(api: StripeApi) -> None:
    intent = api.intent(idempotency_key="one-address")
    with pytest.raises(stripe.IdempotencyError):
        api.v1.payment_intents.cancel(intent.id, {}, {"idempotency_key": "one-address"})


# Keys and pages


def test_a_page_sees_an_intent_only_with_its_secret_and_little_of_it(api: StripeApi) -> None:
    intent = api.intent(metadata={"order": "F-1"})
    page = {"Authorization": f"Bearer {PUBLISHABLE_KEY}"}
    address = f"/v1/payment_intents/{intent.id}"
    seen = api.http("GET", address, headers=page, params={"client_secret": intent.client_secret})
    assert seen.json()["status"] == "requires_payment_method"
    assert "metadata" not in seen.json()
    assert seen.headers["Access-Control-Allow-Origin"] == "*"
    wrong = {"client_secret": f"{intent.id}_secret_wrong"}
    assert api.http("GET", address, headers=page, params=wrong).status_code == 404
    assert api.http("GET", address, headers=page).status_code == 400


@pytest.mark.parametrize(
    ("authorization", "status"),
    [("", 401), ("Bearer sk_live_123456789", 401), (f"Bearer {PUBLISHABLE_KEY}", 403)],
)
def test_the_api_wants_a_secret_test_key(api: StripeApi, authorization: str, status: int) -> None:
    response = api.http("GET", "/v1/payment_intents", headers={"Authorization": authorization})
    assert response.status_code == status
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert "123456789" not in response.text


def test_what_cannot_be_expanded_leaves_nothing_behind() -> None:
    with stand_in() as api:
        with pytest.raises(stripe.InvalidRequestError):
            api.intent(expand=["customer"])
        assert api.v1.payment_intents.list().data == []


def test_another_train_of_api_versions_is_refused(api: StripeApi) -> None:
    old = api.http("GET", "/v1/payment_intents", headers={"Stripe-Version": "2025-03-31.basil"})
    assert old.status_code == 400


def test_a_json_body_is_refused(api: StripeApi) -> None:
    assert api.http("POST", "/v1/payment_intents", json={"amount": 1}).status_code == 400


@pytest.mark.parametrize("suffix", ["1001", "a<b", "x" * 23])
def test_a_statement_descriptor_suffix_that_banks_cannot_print_is_refused(
    api: StripeApi, suffix: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.intent(statement_descriptor_suffix=suffix)
    assert error.value.param == "statement_descriptor_suffix"


def test_a_number_has_one_fingerprint_and_some_cards_have_none(api: StripeApi) -> None:
    def fingerprint(payment_method: str) -> str | None:
        token = api.v1.confirmation_tokens.retrieve(api.token(payment_method))
        assert token.payment_method_preview is not None
        assert token.payment_method_preview.card is not None
        return token.payment_method_preview.card.to_dict().get("fingerprint")

    assert fingerprint("pm_card_visa") == fingerprint("pm_card_visa") is not None
    assert fingerprint("pm_card_visa") != fingerprint("pm_card_mastercard")
    assert fingerprint("pm_card_standIn_noFingerprint") is None


def test_a_used_token_expires_no_more(api: StripeApi) -> None:
    token = api.token()
    api.confirm(api.intent(), confirmation_token=token)
    assert api.v1.confirmation_tokens.retrieve(token).expires_at is None


def test_an_expired_token_confirms_nothing(tmp_path: Path) -> None:
    path = tmp_path / "stripe.sqlite3"
    with stand_in("--db", str(path)) as api:
        token = api.token()
        with sqlite3.connect(path) as db:
            db.execute(
                "UPDATE objects SET body = json_set(body, '$.expires_at', 1) WHERE id = ?", (token,)
            )
        with pytest.raises(stripe.InvalidRequestError) as error:
            api.confirm(api.intent(), confirmation_token=token)
        assert error.value.param == "confirmation_token"


def test_many_requests_at_once_charge_an_intent_once(api: StripeApi) -> None:
    intent = api.intent()
    tokens = [api.token() for _ in range(8)]
    barrier = threading.Barrier(len(tokens))

    def confirm(token: str) -> str:
        barrier.wait()
        try:
            return api.confirm(intent, confirmation_token=token).status
        except stripe.InvalidRequestError as error:
            return str(error.code)

    with concurrent.futures.ThreadPoolExecutor(len(tokens)) as pool:
        outcomes = sorted(pool.map(confirm, tokens))
    assert outcomes == ["payment_intent_unexpected_state"] * 7 + ["succeeded"]
    (row,) = [row for row in api.http("GET", "/ledger").json()["intents"] if row["id"] == intent.id]
    assert (row["charges"], row["charged"]) == (1, 4990)


# The shape of every answer


def test_every_card_of_the_catalogue_carries_a_good_check_digit() -> None:
    for method in cards.CATALOGUE:
        if method.type == "card":
            assert cards.luhn(method.number), method.note


def collect(api: StripeApi) -> Iterator[tuple[Any, type[stripe.StripeObject]]]:
    """An answer of every kind, in every state that looks different."""
    kinds: dict[str, type[stripe.StripeObject]] = {
        each.OBJECT_NAME: each
        for each in (stripe.PaymentIntent, stripe.Charge, stripe.Refund, stripe.Dispute)
    }
    everything: dict[str, Any] = {"expand": ["latest_charge", "payment_method"]}
    shipping = {"name": "Ada", "address": {"line1": "Street 1", "country": "DE"}}
    intents, intent = api.v1.payment_intents, stripe.PaymentIntent
    yield api.intent(shipping=shipping, statement_descriptor_suffix="F-1"), intent
    yield intents.create({"amount": 4990, "currency": "eur"}), intent
    yield api.confirm(api.intent(), **everything), intent
    waiting = api.confirm(api.intent(), "pm_card_threeDSecure2Required", **everything)
    yield waiting, intent
    answer_bank(bank_address(waiting), "approve")
    yield api.retrieve(waiting, **everything), intent
    by_script = api.confirm(api.intent(), "pm_card_threeDSecure2Required", use_stripe_sdk=True)
    yield by_script, intent
    yield intents.cancel(api.intent().id, {"cancellation_reason": "abandoned"}), intent
    failed = api.intent()
    with pytest.raises(stripe.CardError) as decline:
        api.confirm(failed, "pm_card_visa_chargeDeclinedInsufficientFunds")
    yield decline.value.error, stripe.ErrorObject
    yield api.retrieve(failed, **everything), intent
    debit = api.confirm(api.intent(**USD_DEBIT), "pm_usBankAccount_insufficientFunds", **everything)
    yield debit, intent
    eventually(lambda: api.retrieve(debit).status != "processing")
    yield api.retrieve(debit, **everything), intent
    sepa = api.intent(allowed_payment_method_types=["sepa_debit"])
    yield api.confirm(sepa, "pm_sepaDebit_standIn_success", **everything), intent
    for method in cards.BY_ID:
        token = api.v1.confirmation_tokens.retrieve(api.token(method))
        yield token, stripe.ConfirmationToken
    for method in ("pm_card_visa", "pm_card_pendingRefund", "pm_card_refundFail"):
        paid = api.confirm(api.intent(), method)
        refund = api.v1.refunds.create({"payment_intent": paid.id})
        yield refund, stripe.Refund
        if method == "pm_card_refundFail":
            eventually(lambda: api.v1.refunds.retrieve(refund.id).status == "failed")  # noqa: B023
            yield api.v1.refunds.retrieve(refund.id), stripe.Refund
    disputed = api.confirm(api.intent(), "pm_card_createDispute")
    events = eventually(
        lambda: api.v1.events.list({"type": "charge.dispute.created", "limit": 1}).data
    )
    yield api.v1.disputes.retrieve(events[0].data.object["id"]), stripe.Dispute
    evidence: Any = {"evidence": {"uncategorized_text": "winning_evidence"}}
    yield api.v1.disputes.update(events[0].data.object["id"], evidence), stripe.Dispute
    for charge in api.v1.charges.list({"payment_intent": disputed.id}).data:
        yield charge, stripe.Charge
    for event in api.v1.events.list({"limit": 100}).data:
        yield event, stripe.Event
        yield event.data.object, kinds[event.data.object["object"]]


def test_every_answer_is_what_the_library_declares(api: StripeApi) -> None:
    problems = {
        problem for answer, cls in collect(api) for problem in mismatches(answer.to_dict(), cls)
    }
    assert not problems, "\n".join(sorted(problems))


def test_the_check_of_shapes_sees_what_is_wrong() -> None:
    problems = mismatches({"id": 1, "object": "refund", "colour": "red"}, stripe.Refund)
    assert "Refund.colour: not declared" in problems
    assert "Refund.id: 1 is no str" in problems
    assert "Refund.amount: missing" in problems
    event = {"object": "event", "type": "payment_intent.invented"}
    assert any("Event.type" in problem for problem in mismatches(event, stripe.Event))
