"""What Stripe does, and the stand-in therefore does: the same cases run against both.

Nothing in here may know which of the two it talks to. Messages are not compared (Stripe rewords
them), types, codes and states are.
"""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from shop.qa.pytest_plugin.stand_in import StripeApi
from tests.sandbox.stripe_harness import eventually

DECLINES = [
    ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
    ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
    ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
    ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
    ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
    ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
    ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
    ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
]


def refusal(error: pytest.ExceptionInfo[stripe.StripeError]) -> stripe.ErrorObject:
    assert error.value.error is not None
    return error.value.error


def key() -> str:
    return f"conformance-{uuid.uuid4()}"


# Paying


def test_an_intent_starts_unpaid_with_a_client_secret(api: StripeApi) -> None:
    intent = api.intent(metadata={"order": "F-1001"}, statement_descriptor_suffix="F-1001")
    assert intent.status == "requires_payment_method"
    assert intent.payment_method_types == ["card"]
    assert intent.client_secret is not None and intent.client_secret.startswith(intent.id)
    assert intent.metadata["order"] == "F-1001"
    assert (intent.amount, intent.amount_received, intent.currency) == (4990, 0, "eur")
    assert intent.latest_charge is None and intent.next_action is None


def test_a_good_card_pays_at_once(api: StripeApi) -> None:
    paid = api.confirm(api.intent(), "pm_card_visa")
    assert (paid.status, paid.amount_received) == ("succeeded", 4990)
    assert api.retrieve(paid).status == "succeeded"


def test_the_charge_can_be_expanded(api: StripeApi) -> None:
    paid = api.confirm(api.intent(), expand=["latest_charge"])
    charge = paid.latest_charge
    assert isinstance(charge, stripe.Charge)
    assert (charge.status, charge.paid, charge.amount) == ("succeeded", True, 4990)
    assert charge.payment_intent == paid.id
    assert api.v1.charges.retrieve(charge.id).id == charge.id


@pytest.mark.parametrize(("card", "code", "decline_code"), DECLINES)
def test_a_decline_is_a_402_that_brings_the_intent_along(
    api: StripeApi, card: str, code: str, decline_code: str | None
) -> None:
    intent = api.intent()
    with pytest.raises(stripe.CardError) as error:
        api.confirm(intent, card)
    said = refusal(error)
    assert (error.value.http_status, said.type, said.code) == (402, "card_error", code)
    if decline_code:
        assert said.decline_code == decline_code
    assert said.payment_intent is not None and said.payment_intent.id == intent.id
    assert said.payment_intent.status == "requires_payment_method"

    now = api.retrieve(intent)
    assert now.status == "requires_payment_method" and now.payment_method is None
    assert now.last_payment_error is not None and now.last_payment_error.code == code


def test_after_a_decline_the_same_intent_takes_another_card(api: StripeApi) -> None:
    intent = api.intent()
    with pytest.raises(stripe.CardError):
        api.confirm(intent, "pm_card_visa_chargeDeclined")
    paid = api.confirm(intent, "pm_card_visa")
    assert paid.status == "succeeded" and paid.last_payment_error is None


# The bank (3-D Secure)


@pytest.mark.parametrize(
    "card", ["pm_card_authenticationRequired", "pm_card_threeDSecure2Required"]
)
def test_a_card_that_asks_the_bank_gives_an_address_to_go_to(api: StripeApi, card: str) -> None:
    waiting = api.confirm(api.intent(), card, use_stripe_sdk=False)
    assert waiting.status == "requires_action"
    assert waiting.next_action is not None and waiting.next_action.type == "redirect_to_url"
    assert waiting.next_action.redirect_to_url is not None
    assert waiting.next_action.redirect_to_url.return_url == "https://shop.example/orders/1/"
    assert (waiting.next_action.redirect_to_url.url or "").startswith("http")


def test_for_the_page_script_the_next_action_is_opaque(api: StripeApi) -> None:
    waiting = api.confirm(api.intent(), "pm_card_threeDSecure2Required", use_stripe_sdk=True)
    assert waiting.status == "requires_action"
    assert waiting.next_action is not None and waiting.next_action.type == "use_stripe_sdk"
    assert "redirect_to_url" not in waiting.next_action


def test_a_card_that_merely_knows_3d_secure_pays_without_it(api: StripeApi) -> None:
    paid = api.confirm(api.intent(), "pm_card_threeDSecureOptional")
    assert paid.status == "succeeded"


# What an intent refuses


def unexpected(api: StripeApi, intent: stripe.PaymentIntent) -> stripe.ErrorObject:
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.confirm(intent, "pm_card_visa")
    said = refusal(error)
    assert error.value.http_status == 400
    assert said.code == "payment_intent_unexpected_state"
    assert said.payment_intent is not None and said.payment_intent.id == intent.id
    return said


def test_a_paid_intent_cannot_be_confirmed_again(api: StripeApi) -> None:
    paid = api.confirm(api.intent())
    said = unexpected(api, paid)
    assert said.payment_intent is not None and said.payment_intent.status == "succeeded"


def test_an_intent_cannot_be_confirmed_while_the_bank_is_asked(api: StripeApi) -> None:
    waiting = api.confirm(api.intent(), "pm_card_threeDSecure2Required")
    unexpected(api, waiting)
    assert api.retrieve(waiting).status == "requires_action"


def test_a_canceled_intent_cannot_be_confirmed(api: StripeApi) -> None:
    canceled = api.v1.payment_intents.cancel(api.intent().id)
    unexpected(api, canceled)


def test_an_intent_needs_a_payment_method_to_be_confirmed(api: StripeApi) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.v1.payment_intents.confirm(api.intent().id, {"return_url": "https://shop.example/"})
    assert refusal(error).code == "payment_intent_unexpected_state"


def test_an_intent_that_allows_redirects_wants_a_return_url(api: StripeApi) -> None:
    created = api.v1.payment_intents.create(
        {"amount": 4990, "currency": "eur", "automatic_payment_methods": {"enabled": True}}
    )
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.v1.payment_intents.confirm(created.id, {"confirmation_token": api.token()})
    assert error.value.http_status == 400
    assert api.confirm(created).status == "succeeded"


def test_an_intent_that_allows_no_redirects_wants_none(api: StripeApi) -> None:
    created = api.v1.payment_intents.create(
        {
            "amount": 4990,
            "currency": "eur",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    )
    paid = api.v1.payment_intents.confirm(created.id, {"confirmation_token": api.token()})
    assert paid.status == "succeeded"


def test_the_old_parameter_for_types_is_refused_by_name(api: StripeApi) -> None:
    """Gone since 2026-09-30.endive: `allowed_payment_method_types` took its place."""
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.v1.payment_intents.create(
            {"amount": 4990, "currency": "eur", "payment_method_types": ["card"]}  # type: ignore[typeddict-unknown-key]
        )
    assert refusal(error).code == "payment_method_types_no_longer_supported"


# Canceling


@pytest.mark.parametrize("card", [None, "pm_card_threeDSecure2Required"])
def test_an_unpaid_intent_can_be_canceled(api: StripeApi, card: str | None) -> None:
    intent = api.intent()
    if card:
        intent = api.confirm(intent, card)
    canceled = api.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})
    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")
    assert canceled.canceled_at is not None and canceled.next_action is None


@pytest.mark.parametrize("end", ["succeeded", "canceled"])
def test_what_is_over_cannot_be_canceled(api: StripeApi, end: str) -> None:
    intent = api.intent()
    if end == "succeeded":
        api.confirm(intent)
    else:
        api.v1.payment_intents.cancel(intent.id)
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.v1.payment_intents.cancel(intent.id)
    assert refusal(error).code == "payment_intent_unexpected_state"
    assert api.retrieve(intent).status == end


# ConfirmationTokens


def test_a_token_shows_the_card_before_anything_is_paid(api: StripeApi) -> None:
    token = api.v1.confirmation_tokens.retrieve(api.token())
    assert token.payment_intent is None
    assert token.expires_at is not None and token.expires_at > token.created
    preview = token.payment_method_preview
    assert preview is not None and preview.type == "card" and preview.card is not None
    assert (preview.card.brand, preview.card.last4) == ("visa", "4242")


def test_a_token_confirms_once(api: StripeApi) -> None:
    token = api.token()
    first, second = api.intent(), api.intent()
    api.confirm(first, confirmation_token=token)
    used = api.v1.confirmation_tokens.retrieve(token)
    assert used.payment_intent == first.id
    with pytest.raises(stripe.InvalidRequestError):
        api.confirm(second, confirmation_token=token)
    assert api.retrieve(second).status == "requires_payment_method"


def test_an_unknown_token_is_missing(api: StripeApi) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.v1.confirmation_tokens.retrieve("ctoken_1NoSuchToken")
    assert (error.value.http_status, refusal(error).code) == (404, "resource_missing")


# Idempotency


def test_the_same_key_answers_the_same_intent(api: StripeApi) -> None:
    name = key()
    first = api.intent(idempotency_key=name)
    second = api.intent(idempotency_key=name)
    assert first.id == second.id
    assert second.last_response is not None
    assert second.last_response.headers["Idempotent-Replayed"] == "true"


def test_a_known_key_with_other_parameters_is_an_error(api: StripeApi) -> None:
    name = key()
    api.intent(idempotency_key=name)
    with pytest.raises(stripe.IdempotencyError) as error:
        api.intent(idempotency_key=name, amount=5990)
    assert (error.value.http_status, refusal(error).type) == (400, "idempotency_error")


def test_the_key_of_a_decline_replays_the_decline(api: StripeApi) -> None:
    intent, name = api.intent(), key()
    token = api.token("pm_card_visa_chargeDeclined")
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            api.v1.payment_intents.confirm(
                intent.id,
                {"confirmation_token": token, "return_url": "https://shop.example/"},
                {"idempotency_key": name},
            )
    # A new attempt has a new token, and needs a new key.
    with pytest.raises(stripe.IdempotencyError):
        api.v1.payment_intents.confirm(
            intent.id,
            {"confirmation_token": api.token(), "return_url": "https://shop.example/"},
            {"idempotency_key": name},
        )
    assert api.confirm(intent).status == "succeeded"


def test_a_key_stays_free_when_validation_failed(api: StripeApi) -> None:
    name = key()
    with pytest.raises(stripe.InvalidRequestError):
        api.intent(idempotency_key=name, colour="red")
    assert api.intent(idempotency_key=name).status == "requires_payment_method"


# Refunds


def test_a_payment_is_refunded_in_parts_and_no_further(api: StripeApi) -> None:
    paid = api.confirm(api.intent())
    refunds = api.v1.refunds
    part = refunds.create({"payment_intent": paid.id, "amount": 990})
    assert (part.status, part.amount, part.payment_intent) == ("succeeded", 990, paid.id)
    with pytest.raises(stripe.InvalidRequestError):
        refunds.create({"payment_intent": paid.id, "amount": 4001})
    rest = refunds.create({"payment_intent": paid.id, "reason": "requested_by_customer"})
    assert rest.amount == 4000
    with pytest.raises(stripe.InvalidRequestError) as error:
        refunds.create({"payment_intent": paid.id})
    assert refusal(error).code == "charge_already_refunded"
    assert {refund.id for refund in refunds.list({"payment_intent": paid.id}).data} == {
        part.id,
        rest.id,
    }
    assert refunds.retrieve(part.id).id == part.id
    charge = api.retrieve(paid, expand=["latest_charge"]).latest_charge
    assert isinstance(charge, stripe.Charge)
    assert (charge.refunded, charge.amount_refunded) == (True, 4990)


def test_an_unpaid_intent_has_nothing_to_refund(api: StripeApi) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.refunds.create({"payment_intent": api.intent().id})


# Parameters, amounts, addresses, keys


def test_an_unknown_parameter_is_named(api: StripeApi) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.intent(colour="red")
    said = refusal(error)
    assert (said.code, said.param) == ("parameter_unknown", "colour")


def test_a_missing_parameter_is_named(api: StripeApi) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.v1.payment_intents.create({"amount": 4990})  # type: ignore[typeddict-item]
    said = refusal(error)
    assert (said.code, said.param) == ("parameter_missing", "currency")


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (49, "eur", "amount_too_small"),
        (29, "gbp", "amount_too_small"),
        (49, "jpy", "amount_too_small"),
        (100_000_000, "eur", "amount_too_large"),
        (-1, "eur", "parameter_invalid_integer"),
        ("four", "eur", "parameter_invalid_integer"),
    ],
)
def test_an_amount_that_cannot_be_charged_is_refused(
    api: StripeApi, amount: object, currency: str, code: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.intent(amount=amount, currency=currency)
    assert (refusal(error).code, refusal(error).param) == (code, "amount")


@pytest.mark.parametrize(("amount", "currency"), [(4990, "eur"), (500, "jpy"), (5000, "bhd")])
def test_an_amount_is_in_the_smallest_unit(api: StripeApi, amount: int, currency: str) -> None:
    assert api.intent(amount=amount, currency=currency).amount == amount


def test_three_decimals_end_in_zero(api: StripeApi) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        api.intent(amount=5001, currency="bhd")


def test_an_unknown_currency_is_refused(api: StripeApi) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.intent(currency="xyz")
    assert refusal(error).param == "currency"


def test_an_unknown_intent_is_missing(api: StripeApi) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.v1.payment_intents.retrieve("pi_1NoSuchIntent")
    assert (error.value.http_status, refusal(error).code) == (404, "resource_missing")


def test_an_unknown_address_is_a_404_in_stripes_shape(api: StripeApi) -> None:
    response = api.http("GET", "/v1/no_such_thing")
    assert response.status_code == 404
    said = response.json()["error"]
    assert said["type"] == "invalid_request_error"
    assert said["message"].startswith("Unrecognized request URL (GET: /v1/no_such_thing)")


def test_a_wrong_key_is_unauthenticated(api: StripeApi) -> None:
    stranger = StripeApi(api.base, "sk_nothing_at_all")
    with pytest.raises(stripe.AuthenticationError) as error:
        stranger.v1.payment_intents.list()
    assert error.value.http_status == 401


def test_every_answer_names_its_request_and_version(api: StripeApi) -> None:
    answer = api.intent().last_response
    assert answer is not None
    assert answer.request_id is not None and answer.request_id.startswith("req_")
    assert answer.headers["Stripe-Version"] == stripe.api_version


# Changing and listing


def test_an_unpaid_intent_can_change_its_amount_and_metadata(api: StripeApi) -> None:
    intent = api.intent(metadata={"order": "F-1", "try": "1"})
    changed = api.v1.payment_intents.update(
        intent.id, {"amount": 5990, "metadata": {"try": "", "card": "2"}}
    )
    assert changed.amount == 5990
    assert changed.metadata.to_dict() == {"order": "F-1", "card": "2"}


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"k": "x" * 501}, "Metadata values can have up to 500 characters"),
        ({"k" * 41: "x"}, "Metadata keys can have up to 40 characters"),
        ({f"k{number}": "x" for number in range(51)}, ""),
    ],
)
def test_metadata_has_its_limits(api: StripeApi, metadata: dict[str, str], message: str) -> None:
    api.intent(metadata={**dict.fromkeys(map(str, range(49)), "x" * 500), "k" * 40: "x"})
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.intent(metadata=metadata)
    assert message in str(error.value)


def test_an_update_cannot_exceed_the_keys_of_metadata_either(api: StripeApi) -> None:
    intent = api.intent(metadata=dict.fromkeys(map(str, range(50)), "x"))
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.payment_intents.update(intent.id, {"metadata": {"one more": "x"}})


def test_shipping_can_be_corrected_until_it_is_paid(api: StripeApi) -> None:
    address = {"line1": "12 St James's Square", "line2": "", "city": "Lodnon", "country": "GB"}
    intent = api.intent(shipping={"name": "Ada", "address": {**address, "line2": "c/o"}})
    shipping: Any = {"name": "Ada Lovelace", "address": {**address, "city": "London"}}
    api.v1.payment_intents.update(intent.id, {"shipping": shipping})
    paid = api.confirm(intent)
    assert paid.shipping is not None and paid.shipping.address is not None
    assert (paid.shipping.name, paid.shipping.address.city) == ("Ada Lovelace", "London")
    assert paid.shipping.address.line2 is None


def test_a_paid_amount_stands(api: StripeApi) -> None:
    paid = api.confirm(api.intent())
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.v1.payment_intents.update(paid.id, {"amount": 1})
    assert refusal(error).code == "payment_intent_unexpected_state"


def test_a_list_goes_back_in_time_page_by_page(api: StripeApi) -> None:
    older, newer = api.intent(), api.intent()
    list_ = api.v1.payment_intents.list
    page = list_({"limit": 1, "created": {"gte": older.created}, "starting_after": newer.id})
    assert [intent.id for intent in page.data] == [older.id]
    everything = list_({"limit": 1, "created": {"gte": older.created}}).auto_paging_iter()
    ids = [intent.id for intent in everything]
    assert ids.index(newer.id) < ids.index(older.id)


def test_a_list_goes_forward_from_a_cursor_and_stays_newest_first(api: StripeApi) -> None:
    oldest, _, newer, newest = [api.intent() for _ in range(4)]
    page = api.v1.payment_intents.list(
        {"limit": 2, "created": {"gte": oldest.created}, "ending_before": oldest.id}
    )
    ids = [intent.id for intent in page.data]
    assert len(ids) == 2 and page.has_more
    assert newest.id not in ids, "those next to the cursor, not the newest"
    assert ids[0] == newer.id


def test_a_list_has_one_cursor_and_knows_it(api: StripeApi) -> None:
    intent = api.intent()
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.payment_intents.list({"starting_after": intent.id, "ending_before": intent.id})
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.v1.payment_intents.list({"starting_after": "pi_unknown"})
    assert (refusal(error).code, refusal(error).param) == ("resource_missing", "starting_after")


def _charge(api: StripeApi) -> Any:
    return api.retrieve(api.confirm(api.intent()), expand=["latest_charge"]).latest_charge


def _refund(api: StripeApi) -> Any:
    return api.v1.refunds.create({"payment_intent": api.confirm(api.intent()).id})


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("payment_intents", StripeApi.intent),
        ("charges", _charge),
        ("refunds", _refund),
        ("disputes", lambda api: disputed(api, "pm_card_createDispute")),
    ],
)
def test_a_list_is_of_a_stretch_of_time_whose_bounds_are_in_or_out(
    api: StripeApi, kind: str, make: Callable[[StripeApi], Any]
) -> None:
    one = make(api)
    bounds = ({"gte": 0}, {"gt": 0}, {"lte": 0}, {"lt": 0}, {"gt": -1, "lt": 1}, {"gt": 1})

    def is_listed(bound: dict[str, int]) -> bool:
        created = {name: one.created + shift for name, shift in bound.items()}
        listed = getattr(api.v1, kind).list({"created": created, "limit": 100})
        return one.id in {each.id for each in listed.data}

    assert [is_listed(bound) for bound in bounds] == [True, False, True, False, True, False]


# Creating and confirming in one request


def test_an_intent_can_be_confirmed_as_it_is_created(api: StripeApi) -> None:
    paid = api.intent(
        confirm=True, confirmation_token=api.token(), return_url="https://shop.example/orders/1/"
    )
    assert paid.status == "succeeded"
    with pytest.raises(stripe.CardError) as error:
        api.intent(
            confirm=True,
            confirmation_token=api.token("pm_card_visa_chargeDeclined"),
            return_url="https://shop.example/orders/1/",
        )
    declined = refusal(error).payment_intent
    assert declined is not None and declined.status == "requires_payment_method"


def test_a_payment_method_that_is_given_early_waits_for_the_confirm(api: StripeApi) -> None:
    intent = api.intent(payment_method="pm_card_visa")
    assert intent.status == "requires_confirmation"
    paid = api.v1.payment_intents.confirm(intent.id)
    assert paid.status == "succeeded"


# Disputes


def disputed(api: StripeApi, card: str) -> stripe.Dispute:
    """The dispute of a payment whose card says so; Stripe opens it a little later."""
    paid = api.confirm(api.intent(), card)
    return eventually(  # type: ignore[no-any-return]
        lambda: next(iter(api.v1.disputes.list({"payment_intent": paid.id}).data), None), within=60
    )


def test_a_dispute_withdraws_the_money_and_a_fee(api: StripeApi) -> None:
    dispute = disputed(api, "pm_card_createDispute")
    assert (dispute.status, dispute.reason) == ("needs_response", "fraudulent")
    assert (dispute.amount, dispute.is_charge_refundable) == (4990, False)
    [withdrawn] = dispute.balance_transactions
    assert withdrawn.amount < 0 < withdrawn.fee
    assert withdrawn.reporting_category == "dispute"


def test_an_inquiry_takes_nothing_and_leaves_the_charge_refundable(api: StripeApi) -> None:
    inquiry = disputed(api, "pm_card_createDisputeInquiry")
    assert (inquiry.status, inquiry.balance_transactions) == ("warning_needs_response", [])
    assert inquiry.is_charge_refundable
    assert api.v1.refunds.create({"charge": str(inquiry.charge)}).amount == 4990


def test_a_disputed_charge_is_not_refunded(api: StripeApi) -> None:
    dispute = disputed(api, "pm_card_createDisputeProductNotReceived")
    assert dispute.reason == "product_not_received"
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.v1.refunds.create({"charge": str(dispute.charge)})
    assert refusal(error).code == "charge_disputed"


@pytest.mark.parametrize(
    ("evidence", "status", "moved"),
    [("winning_evidence", "won", 2), ("losing_evidence", "lost", 1)],
)
def test_test_evidence_decides_a_dispute(
    api: StripeApi, evidence: str, status: str, moved: int
) -> None:
    dispute = disputed(api, "pm_card_createDispute")
    api.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": evidence}})
    decided = eventually(
        lambda: (each := api.v1.disputes.retrieve(dispute.id)).status == status and each,
        within=60,
    )
    assert len(decided.balance_transactions) == moved
