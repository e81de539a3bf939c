"""Payment methods: what is shown of a card or an account of the catalogue, and how one is read."""

from datetime import date
from typing import Any

from . import cards, errors
from .cards import Method
from .context import Context, new_id, now
from .errors import ApiError
from .forms import (
    ADDRESS,
    BILLING,
    Field,
    Form,
    Parser,
    choice,
    filled,
    integer,
    nested,
    required,
    text,
)
from .store import Json, Record

TYPES = ("card", "us_bank_account", "sepa_debit")
#: Types that an account would offer for a currency, besides cards.
ONLY_IN = {"us_bank_account": "usd", "sepa_debit": "eur"}

_COMMON: dict[str, Field | Parser] = {
    "type": required(choice(*TYPES)),
    "billing_details": nested(BILLING),
    "allow_redisplay": choice("always", "limited", "unspecified"),
}
#: What a server may send. A card's number never comes from one: that is the script's business.
FROM_SERVER = Form(**_COMMON, sepa_debit=nested(Form(iban=required(text))))
FROM_PAGE = Form(
    **_COMMON,
    card=nested(
        Form(
            number=required(text), exp_month=required(integer), exp_year=required(integer), cvc=text
        )
    ),
)


def by_test_id(id: str, *, param: str) -> Method:
    """A method of the catalogue by its test id, such as `pm_card_visa`."""
    method = cards.BY_ID.get(id)
    if method is None:
        raise errors.no_such("PaymentMethod", id, param=param)
    return method


def by_data(data: dict[str, Any]) -> Method:
    """A method from what was typed: refused as Stripe refuses, with the field to blame."""
    if data["type"] == "card" and "card" in data:
        return _typed_card(data["card"])
    if data["type"] == "sepa_debit" and "sepa_debit" in data:
        iban = data["sepa_debit"]["iban"].replace(" ", "").upper()
        if iban in cards.BY_NUMBER:
            return cards.BY_NUMBER[iban]
        raise ApiError(
            "The IBAN you provided is invalid.", code="invalid_bank_account_iban", param="iban"
        )
    raise errors.missing(f"payment_method_data[{data['type']}]")


def _typed_card(card: dict[str, Any]) -> Method:
    number = card["number"].replace(" ", "")
    if not number.isdecimal() or not cards.luhn(number):
        raise _card_error("incorrect_number", "Your card number is incorrect.", "number")
    month, year = card["exp_month"], card["exp_year"] % 100 + 2000
    if not 1 <= month <= 12:
        raise _card_error(
            "invalid_expiry_month", "Your card's expiration month is invalid.", "exp_month"
        )
    today = date.today()
    if (year, month) < (today.year, today.month) or year > today.year + 50:
        raise _card_error(
            "invalid_expiry_year", "Your card's expiration year is invalid.", "exp_year"
        )
    method = cards.BY_NUMBER.get(number)
    if method is None:
        raise _card_error(
            "card_declined",
            "Your card was declined. Your request was in test mode, but used a non test card. For a"
            " list of valid test cards, visit: https://stripe.com/docs/testing.",
            None,
            decline_code="test_mode_live_card",
        )
    digits = 4 if method.brand == "amex" else 3
    if "cvc" in card and not (card["cvc"].isdecimal() and len(card["cvc"]) == digits):
        raise _card_error("invalid_cvc", "Your card's security code is invalid.", "cvc")
    return method


def _card_error(code: str, message: str, param: str | None, **details: str) -> ApiError:
    return ApiError(message, status=402, type="card_error", code=code, param=param, **details)


def shown(method: Method, expiry: tuple[int, int] | None = None) -> Json:
    """The part of a PaymentMethod, or of its preview, that is named like its type."""
    if method.type == "card":
        month, year = expiry or default_expiry()
        return {
            "brand": method.brand,
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": "pass" if expiry else None,
            },
            "country": method.country,
            "display_brand": method.brand,
            "exp_month": month,
            "exp_year": year,
            **({"fingerprint": method.fingerprint} if method.fingerprint else {}),
            "funding": "credit",
            "generated_from": None,
            "last4": method.last4,
            "networks": {"available": [method.brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        }
    if method.type == "sepa_debit":
        return {
            "bank_code": method.number[4:12],
            "branch_code": "",
            "country": method.country,
            "fingerprint": method.fingerprint,
            "generated_from": {"charge": None, "setup_attempt": None},
            "last4": method.last4,
        }
    return {
        "account_holder_type": "individual",
        "account_type": "checking",
        "bank_name": "STRIPE TEST BANK",
        "financial_connections_account": None,
        "fingerprint": method.fingerprint,
        "last4": method.last4,
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": "110000000",
        "status_details": {},
    }


def default_expiry() -> tuple[int, int]:
    """A test id has no date of its own; Stripe too gives it one that lies ahead."""
    return 12, date.today().year + 1


def billing(details: dict[str, Any] | None) -> Json:
    details = details or {}
    return {**filled(BILLING, details), "address": filled(ADDRESS, details.get("address"))}


def create(context: Context, method: Method, preview: Json | None = None) -> Record:
    """A PaymentMethod for one use; `inner` remembers which of the catalogue it is.

    :param preview: the `payment_method_preview` of the token it comes from
    """
    preview = preview or {"billing_details": billing(None), method.type: shown(method)}
    body: Json = {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": preview["billing_details"],
        method.type: preview[method.type],
        "created": now(),
        "customer": None,
        "livemode": False,
        "metadata": {},
        "type": method.type,
    }
    return context.store.put(Record(body, {"number": method.number}))


def of(record: Record) -> Method:
    """The method of the catalogue behind a PaymentMethod or a ConfirmationToken."""
    return cards.BY_NUMBER[record.inner["number"]]
