"""PaymentIntents: the state machine of one payment.

    requires_payment_method ─confirm→ succeeded
            ↑        ↑    ├─confirm→ requires_action ─bank approves→ succeeded
            │        │    │                 └─bank declines→ requires_payment_method
            │        └────┴─confirm, declined (402)
            └─────────────── processing ─later→ succeeded, or fails back

Every status but `processing`, `succeeded` and `canceled` can be canceled. A confirm is possible in
`requires_payment_method` and `requires_confirmation` alone; each other status answers
`payment_intent_unexpected_state` and sends the intent along.
"""

import re
from typing import Any

from . import currencies, events, payment_methods, payments, tokens
from .cards import Method
from .context import Context, new_id, now, random_text
from .errors import ApiError, no_such, unexpected_state
from .forms import ADDRESS, SHIPPING, check_number_of_keys, filled
from .intent_params import CANCELABLE, CONFIRMABLE
from .store import Json, Record

#: What a page may see of an intent, with a publishable key and the client secret.
PUBLIC = (
    "id", "object", "amount", "amount_details", "automatic_payment_methods", "canceled_at",
    "cancellation_reason", "capture_method", "client_secret", "confirmation_method", "created",
    "currency", "description", "last_payment_error", "livemode", "next_action", "payment_method",
    "payment_method_types", "processing", "receipt_email", "setup_future_usage", "shipping",
    "source", "status",
)  # fmt: skip
NULL_AT_FIRST = (
    "application", "application_fee_amount", "canceled_at", "cancellation_reason", "customer",
    "excluded_payment_method_types", "last_payment_error", "latest_charge", "next_action",
    "on_behalf_of", "payment_method", "processing", "review", "setup_future_usage", "source",
    "statement_descriptor", "transfer_data", "transfer_group",
)  # fmt: skip


def check_create(params: dict[str, Any]) -> None:
    if "payment_method_types" in params:
        raise ApiError(
            "The `payment_method_types` parameter is no longer supported as of API version"
            " 2026-09-30.endive. Use dynamic payment methods, or"
            " `allowed_payment_method_types` to limit them.",
            code="payment_method_types_no_longer_supported",
            param="payment_method_types",
        )
    if "automatic_payment_methods" in params and "allowed_payment_method_types" in params:
        raise ApiError(
            "You may only specify one of these parameters: automatic_payment_methods,"
            " allowed_payment_method_types.",
            param="allowed_payment_method_types",
        )
    currencies.check(params["amount"], params["currency"].lower())
    check_suffix(params)
    if not params.get("confirm") and (
        strangers := sorted(
            {"confirmation_token", "return_url", "use_stripe_sdk", "mandate_data"} & set(params)
        )
    ):
        raise ApiError(
            f"The parameter `{strangers[0]}` cannot be passed when creating a PaymentIntent unless"
            " `confirm` is set to true.",
            param=strangers[0],
        )


def check_suffix(params: dict[str, Any]) -> None:
    """Banks print it: at most 22 characters, a letter among them, none of `<>\\'"*`."""
    suffix = params.get("statement_descriptor_suffix")
    if suffix is None:
        return
    if len(suffix) > 22 or re.search(r"[<>\\'\"*]", suffix) or not re.search(r"[A-Za-z]", suffix):
        raise ApiError(
            "The statement descriptor suffix must have at most 22 characters, contain at least one"
            " letter, and none of the characters <, >, \\, ', \", *.",
            param="statement_descriptor_suffix",
        )


def create(context: Context, params: dict[str, Any]) -> Json:
    currency = params["currency"].lower()
    allowed = params.get("allowed_payment_method_types")
    automatic = params.get("automatic_payment_methods")
    is_automatic = allowed is None and (automatic is None or automatic["enabled"])
    types = [
        type
        for type in payment_methods.TYPES
        if payment_methods.ONLY_IN.get(type, currency) == currency
        and (allowed is None or type in allowed)
    ]
    if not types:
        raise ApiError(
            "No valid payment method types for this Payment Intent. Please ensure that you have"
            " activated payment methods compatible with your chosen currency in your dashboard"
            " (https://dashboard.stripe.com/settings/payments) or compatible with your options."
        )
    id = new_id("pi")
    intent: Json = {
        "id": id,
        "object": "payment_intent",
        "allowed_payment_method_types": allowed,
        "amount": params["amount"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "automatic_payment_methods": {
            "allow_redirects": (automatic or {}).get("allow_redirects", "always"),
            "enabled": True,
        }
        if is_automatic
        else None,
        "capture_method": "automatic_async",
        "client_secret": f"{id}_secret_{random_text(25)}",
        "confirmation_method": "automatic",
        "created": now(),
        "currency": currency,
        "description": params.get("description"),
        "livemode": False,
        "metadata": {name: value for name, value in params.get("metadata", {}).items() if value},
        "payment_method_options": {
            "card": {
                **dict.fromkeys(("installments", "mandate_options", "network")),
                "request_three_d_secure": "automatic",
            }
        },
        "payment_method_types": types,
        "receipt_email": params.get("receipt_email"),
        "shipping": _shipping(params),
        "statement_descriptor_suffix": params.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
        **dict.fromkeys(NULL_AT_FIRST),
    }
    record = context.store.put(Record(intent))
    events.emit(context, "payment_intent.created", intent)
    if params.get("confirm"):
        return confirm(context, params, id)
    if "payment_method" in params:
        method = payment_methods.by_test_id(params["payment_method"], param="payment_method")
        _check_type(record, method)
        attached = payment_methods.create(context, method)
        intent.update(payment_method=attached.id, status="requires_confirmation")
        context.store.put(record)
    return intent


def _shipping(params: dict[str, Any]) -> Json | None:
    shipping = params.get("shipping")
    if shipping is None:
        return None
    return {**filled(SHIPPING, shipping), "address": filled(ADDRESS, shipping["address"])}


def retrieve_public(context: Context, params: dict[str, Any], id: str) -> Json:
    """For a page: whoever knows the client secret, and no more than the page needs."""
    record = context.store.get("payment_intent", id)
    if record is None or record.body["client_secret"] != params["client_secret"]:
        raise no_such("payment_intent", id, param="intent")
    return {name: record.body[name] for name in PUBLIC}


def update(context: Context, params: dict[str, Any], id: str) -> Json:
    record = context.need("payment_intent", id, param="intent")
    intent = record.body
    if "amount" in params:
        if intent["status"] not in (*CONFIRMABLE, "requires_action"):
            raise unexpected_state(
                "This PaymentIntent's amount could not be updated because it has a status of"
                f" {intent['status']}. You may only update the amount of a PaymentIntent with one"
                f" of the following statuses: {', '.join((*CONFIRMABLE, 'requires_action'))}.",
                intent,
                param="amount",
            )
        currencies.check(params["amount"], intent["currency"])
        intent["amount"] = params["amount"]
    for name in ("description", "receipt_email", "statement_descriptor_suffix"):
        if name in params:
            intent[name] = params[name]
    if "shipping" in params:
        intent["shipping"] = _shipping(params)
    if "metadata" in params:
        merged = {**intent["metadata"], **params["metadata"]} if params["metadata"] else {}
        intent["metadata"] = {name: value for name, value in merged.items() if value}
        check_number_of_keys(intent["metadata"])
    return context.store.put(record).body


def confirm(context: Context, params: dict[str, Any], id: str) -> Json:
    record = context.need("payment_intent", id, param="intent")
    intent = record.body
    if intent["status"] not in CONFIRMABLE:
        raise unexpected_state(_why_not_confirm(intent["status"]), intent)

    token = attached = None
    if "confirmation_token" in params:
        token = tokens.usable(context, params["confirmation_token"])
        method = payment_methods.of(token)
    elif "payment_method" in params:
        method = payment_methods.by_test_id(params["payment_method"], param="payment_method")
    elif intent["payment_method"] is not None:
        attached = context.need("payment_method", intent["payment_method"])
        method = payment_methods.of(attached)
    else:
        raise unexpected_state(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can"
            " either update the PaymentIntent with a payment method and then confirm it again, or"
            " confirm it again directly with a payment method or ConfirmationToken.",
            intent,
        )
    _check_type(record, method)

    return_url: str | None = params.get("return_url")
    if return_url is None and token is not None:
        return_url = token.body["return_url"]
    automatic = intent["automatic_payment_methods"]
    if automatic and automatic["allow_redirects"] == "always" and not return_url:
        raise ApiError(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard."
            " Because some of these payment methods might redirect your customer off of your page,"
            " you must provide a `return_url`. If you don't want to accept redirect-based payment"
            " methods, set `automatic_payment_methods[enabled]` to `true` and"
            " `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents"
            " and Payment Intents.",
            payment_intent=intent,
        )

    preview = None
    if token is not None:
        preview = token.body["payment_method_preview"]
        tokens.spend(context, token, id)
    payment_method = attached or payment_methods.create(context, method, preview)

    # What the request says wins over what the token carries.
    if "receipt_email" in params:
        intent["receipt_email"] = params["receipt_email"]
    if "shipping" in params:
        intent["shipping"] = _shipping(params)
    elif token is not None and token.body["shipping"]:
        intent["shipping"] = _shipping(token.body)
    intent.update(payment_method=payment_method.id, last_payment_error=None, next_action=None)
    if not method.fate.challenge:
        return payments.attempt(context, record, payment_method)
    sdk = params.get("use_stripe_sdk", bool(token and token.body["use_stripe_sdk"]))
    return payments.ask_bank(context, record, return_url, sdk=sdk)


def _why_not_confirm(status: str) -> str:
    if status == "succeeded":
        return (
            "You cannot confirm this PaymentIntent because it has already succeeded after being"
            " previously confirmed."
        )
    return (
        f"You cannot confirm this PaymentIntent because it has a status of {status}. Only a"
        " PaymentIntent with one of the following statuses may be confirmed:"
        " requires_confirmation, requires_payment_method."
    )


def _check_type(record: Record, method: Method) -> None:
    types = record.body["payment_method_types"]
    if method.type not in types:
        raise ApiError(
            f"The PaymentMethod provided ({method.type}) is not allowed for this PaymentIntent."
            " Please attach a PaymentMethod of one of the following types:"
            f" {', '.join(types)}.",
            code="payment_intent_incompatible_payment_method",
            param="payment_method",
            payment_intent=record.body,
        )


def cancel(context: Context, params: dict[str, Any], id: str) -> Json:
    record = context.need("payment_intent", id, param="intent")
    intent = record.body
    if intent["status"] not in CANCELABLE:
        raise unexpected_state(
            "You cannot cancel this PaymentIntent because it has a status of"
            f" {intent['status']}. Only a PaymentIntent with one of the following statuses may be"
            " canceled: requires_payment_method, requires_capture, requires_confirmation,"
            " requires_action.",
            intent,
        )
    intent.update(
        status="canceled",
        canceled_at=now(),
        cancellation_reason=params.get("cancellation_reason"),
        next_action=None,
    )
    record.inner.pop("attempt", None)
    context.store.put(record)
    events.emit(context, "payment_intent.canceled", intent)
    return intent
