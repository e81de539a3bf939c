"""One attempt to pay: each end of it is written here, on the intent, as a charge, as events."""

from contextlib import suppress
from functools import partial
from typing import NoReturn

from . import charges, events, payment_methods
from .cards import Decline, Fate
from .context import Context, new_id, random_text
from .errors import ApiError
from .store import Json, Record


def ask_bank(context: Context, record: Record, return_url: str | None, *, sdk: bool) -> Json:
    """Without an address to come back to there is no redirect: the page script has to do it."""
    intent = record.body
    secret = random_text(24)
    record.inner.update(attempt=secret, return_url=return_url)
    if sdk or return_url is None:
        # Opaque on purpose: nothing in here is an address that a shop could be tempted to use.
        action: Json = {
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {"type": "three_d_secure_challenge", "challenge": secret},
        }
    else:
        bank = f"{context.base_url}/bank/{intent['id']}?attempt={secret}"
        action = {
            "type": "redirect_to_url",
            "redirect_to_url": {"return_url": return_url, "url": bank},
        }
    intent.update(status="requires_action", next_action=action)
    context.store.put(record)
    events.emit(context, "payment_intent.requires_action", intent)
    return intent


def attempt(
    context: Context, record: Record, payment_method: Record, *, authenticated: bool = False
) -> Json:
    intent = record.body
    fate = payment_methods.of(payment_method).fate
    create_charge = partial(
        charges.create, context, intent, payment_method, authenticated=authenticated
    )
    if fate.delayed:
        charge = create_charge(status="pending")
        intent.update(status="processing", latest_charge=charge.id)
        context.store.put(record)
        context.store.later("settle_payment", intent["id"], context.delay)
        events.emit(context, "payment_intent.processing", intent)
        return intent
    if fate.decline is not None:
        _decline(context, record, payment_method, create_charge(status="failed"), fate.decline)
    _succeed(context, record, create_charge(status="succeeded"), fate)
    return intent


def _succeed(context: Context, record: Record, charge: Record, fate: Fate) -> None:
    record.body.update(
        status="succeeded",
        amount_received=record.body["amount"],
        latest_charge=charge.id,
        next_action=None,
    )
    context.store.put(record)
    events.emit(context, "charge.succeeded", charge.body)
    events.emit(context, "payment_intent.succeeded", record.body)
    if fate.dispute is not None:
        context.store.later("open_dispute", charge.id, 0)


def _decline(
    context: Context, record: Record, payment_method: Record, charge: Record, decline: Decline
) -> NoReturn:
    """End the attempt: the intent waits for another method, and the answer is a 402."""
    error = ApiError(
        decline.message,
        status=402,
        type="card_error",
        code=decline.code,
        param=decline.param,
        charge=charge.id,
        decline_code=decline.decline_code,
        payment_method=payment_method.body,
    )
    record.body["latest_charge"] = charge.id
    _fail(context, record, error.error)
    events.emit(context, "charge.failed", charge.body)
    error.error = {**error.error, "payment_intent": record.body}
    raise error


def _fail(context: Context, record: Record, error: Json) -> None:
    record.body.update(
        status="requires_payment_method",
        payment_method=None,
        next_action=None,
        last_payment_error=error,
    )
    record.inner.pop("attempt", None)
    context.store.put(record)
    events.emit(context, "payment_intent.payment_failed", record.body)


# What happens after the answer


def waiting_at_bank(context: Context, id: str, secret: str) -> Record | None:
    """The intent, if the bank still waits for this attempt."""
    record = context.store.get("payment_intent", id)
    return record if record and record.inner.get("attempt") == secret else None


def decide_at_bank(context: Context, id: str, secret: str, *, approved: bool) -> Record | None:
    """The shopper has answered the bank. `None` if the bank no longer waits for this attempt."""
    record = waiting_at_bank(context, id, secret)
    if record is None:
        return None
    payment_method = context.need("payment_method", record.body["payment_method"])
    if not approved:
        error = ApiError(
            "The provided PaymentMethod has failed authentication. You can provide"
            " payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent"
            " again.",
            code="payment_intent_authentication_failure",
            payment_method=payment_method.body,
        )
        _fail(context, record, error.error)
        return record
    record.inner.pop("attempt")
    # Declined after all? The intent says so, and nobody waits for a 402 here.
    with suppress(ApiError):
        attempt(context, record, payment_method, authenticated=True)
    return record


def settle_payment(context: Context, id: str) -> None:
    """A scheduled task: a delayed payment is decided."""
    record = context.need("payment_intent", id)
    payment_method = context.need("payment_method", record.body["payment_method"])
    charge = context.need("charge", record.body["latest_charge"])
    fate = payment_methods.of(payment_method).fate
    decline = fate.decline
    if decline is None:
        charge.body.update(status="succeeded", balance_transaction=new_id("txn"))
        context.store.put(charge)
        _succeed(context, record, charge, fate)
        return
    charge.body.update(
        status="failed",
        paid=False,
        captured=False,
        amount_captured=0,
        failure_code=decline.code,
        failure_message=decline.message,
    )
    context.store.put(charge)
    error = ApiError(
        decline.message, code=decline.code, charge=charge.id, payment_method=payment_method.body
    )
    _fail(context, record, error.error)
    events.emit(context, "charge.failed", charge.body)
