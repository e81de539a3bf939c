"""ConfirmationTokens: what a page collected, for one confirmation, within twelve hours."""

from typing import Any

from . import payment_methods
from .cards import Method
from .context import Context, new_id, now
from .errors import ApiError
from .forms import (
    ADDRESS,
    EXPAND,
    SHIPPING,
    Form,
    choice,
    filled,
    metadata,
    nested,
    required,
    text,
    url,
)
from .store import Json, Record

VALID_SECONDS = 12 * 60 * 60

#: `POST /v1/test_helpers/confirmation_tokens`, with a secret key.
CREATE_FOR_TEST = Form(
    **EXPAND,
    payment_method=text,
    payment_method_data=nested(payment_methods.FROM_SERVER),
    return_url=url,
    setup_future_usage=choice("on_session", "off_session"),
    shipping=nested(SHIPPING),
)
#: `POST /v1/confirmation_tokens`, with a publishable key: what the page script sends.
CREATE_FROM_PAGE = Form(
    payment_method_data=required(nested(payment_methods.FROM_PAGE)),
    return_url=url,
    shipping=nested(SHIPPING),
    metadata=metadata,
)


def check_test(params: dict[str, Any]) -> None:
    if "payment_method" not in params and "payment_method_data" not in params:
        raise ApiError(
            "You must provide one of `payment_method` or `payment_method_data`.",
            code="parameter_missing",
            param="payment_method",
        )


def create_for_test(context: Context, params: dict[str, Any]) -> Json:
    """A token as if a page had made it, but one whose next action is a plain redirect."""
    if "payment_method" in params:
        method = payment_methods.by_test_id(params["payment_method"], param="payment_method")
    else:
        method = payment_methods.by_data(params["payment_method_data"])
    return _create(context, method, params, use_stripe_sdk=False)


def create_from_page(context: Context, params: dict[str, Any]) -> Json:
    data = params["payment_method_data"]
    expiry = (data["card"]["exp_month"], data["card"]["exp_year"] % 100 + 2000)
    method = payment_methods.by_data(data)
    return _create(context, method, params, use_stripe_sdk=True, expiry=expiry)


def _create(
    context: Context,
    method: Method,
    params: dict[str, Any],
    *,
    use_stripe_sdk: bool,
    expiry: tuple[int, int] | None = None,
) -> Json:
    created = now()
    data = params.get("payment_method_data", {})
    shipping = params.get("shipping")
    token: Json = {
        "id": new_id("ctoken"),
        "object": "confirmation_token",
        "created": created,
        "expires_at": created + VALID_SECONDS,
        "livemode": False,
        "mandate_data": None,
        "metadata": params.get("metadata", {}),
        "payment_intent": None,
        "payment_method_options": None,
        "payment_method_preview": {
            "allow_redisplay": data.get("allow_redisplay", "limited"),
            "billing_details": payment_methods.billing(data.get("billing_details")),
            method.type: payment_methods.shown(method, expiry),
            "customer": None,
            "type": method.type,
        },
        "return_url": params.get("return_url"),
        "setup_future_usage": params.get("setup_future_usage"),
        "setup_intent": None,
        "shipping": shipping
        and {
            "address": filled(ADDRESS, shipping["address"]),
            "name": shipping["name"],
            "phone": shipping.get("phone"),
        },
        "use_stripe_sdk": use_stripe_sdk,
    }
    return context.store.put(Record(token, {"number": method.number})).body


def usable(context: Context, id: str) -> Record:
    """A token that can still confirm something, or the reason why it cannot."""
    token = context.need("confirmation_token", id, param="confirmation_token")
    if token.body["payment_intent"] is not None:
        raise ApiError(
            f"The ConfirmationToken {id} has already been used to confirm a PaymentIntent"
            f" ({token.body['payment_intent']}). A ConfirmationToken can be used only once.",
            param="confirmation_token",
        )
    if token.body["expires_at"] <= now():
        raise ApiError(f"The ConfirmationToken {id} has expired.", param="confirmation_token")
    return token


def spend(context: Context, token: Record, intent: str) -> None:
    """Used, whether the payment then succeeds or not. A used token expires no more."""
    token.body.update(payment_intent=intent, expires_at=None)
    context.store.put(token)
