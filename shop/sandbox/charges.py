"""Charges: one for each attempt that reached the bank, successful or not."""

from typing import Literal

from . import payment_methods
from .cards import Decline, Method
from .context import Context, new_id, now, random_text
from .store import Json, Record

#: Fields of a charge that are always null here.
UNUSED = (
    "application", "application_fee", "application_fee_amount", "customer",
    "failure_balance_transaction", "on_behalf_of", "receipt_number", "receipt_url", "review",
    "source_transfer", "statement_descriptor", "transfer_data", "transfer_group",
)  # fmt: skip


def create(
    context: Context,
    intent: Json,
    payment_method: Record,
    *,
    status: Literal["succeeded", "pending", "failed"],
    authenticated: bool,
) -> Record:
    method = payment_methods.of(payment_method)
    decline = method.fate.decline if status == "failed" else None
    paid = status == "succeeded"
    suffix = intent["statement_descriptor_suffix"]
    charge: Json = {
        "id": new_id("ch" if method.type == "card" else "py"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if status != "failed" else 0,
        "amount_refunded": 0,
        "balance_transaction": new_id("txn") if paid else None,
        "billing_details": payment_method.body["billing_details"],
        "calculated_statement_descriptor": ("STAND-IN" + (f"* {suffix}" if suffix else ""))[:22],
        "captured": status != "failed",
        "created": now(),
        "currency": intent["currency"],
        "description": intent["description"],
        "disputed": False,
        "failure_code": decline.code if decline else None,
        "failure_message": decline.message if decline else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "outcome": _outcome(decline, paid),
        "paid": status != "failed",
        "payment_intent": intent["id"],
        "payment_method": payment_method.id,
        "payment_method_details": {
            method.type: _details(intent, payment_method.body[method.type], method, authenticated),
            "type": method.type,
        },
        "receipt_email": intent["receipt_email"],
        "refunded": False,
        "shipping": intent["shipping"],
        "statement_descriptor_suffix": suffix,
        "status": status,
        **dict.fromkeys(UNUSED),
    }
    return context.store.put(Record(charge))


def _outcome(decline: Decline | None, paid: bool) -> Json:
    if decline is None:
        return {
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "risk_score": 12,
            "seller_message": "Payment complete." if paid else "The payment is being processed.",
            "type": "authorized",
        }
    return {
        "advice_code": "try_again_later",
        "network_advice_code": None,
        "network_decline_code": "01",
        "network_status": "declined_by_network",
        "reason": decline.decline_code or decline.code,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }


def _details(intent: Json, part: Json, method: Method, authenticated: bool) -> Json:
    def of_part(*names: str) -> Json:
        return {name: part[name] for name in names if name in part}

    if method.type == "sepa_debit":
        return {
            **of_part("bank_code", "branch_code", "country", "fingerprint", "last4"),
            "expected_debit_date": None,
            "mandate": None,
        }
    if method.type == "us_bank_account":
        return {
            **of_part("account_holder_type", "account_type", "bank_name", "fingerprint", "last4"),
            **of_part("routing_number"),
            "expected_debit_date": None,
            "mandate": None,
            "payment_reference": None,
        }
    return {
        **of_part("brand", "checks", "country", "exp_month", "exp_year", "funding"),
        "fingerprint": method.charged_fingerprint,
        "amount_authorized": intent["amount"],
        "authorization_code": random_text(6).upper(),
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": part["last4"],
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": part["brand"],
        "network_token": {"used": False},
        "network_transaction_id": random_text(15),
        "overcapture": {"maximum_amount_capturable": intent["amount"], "status": "unavailable"},
        "regulated_status": "unregulated",
        "three_d_secure": _three_d_secure() if authenticated else None,
        "wallet": None,
    }


def _three_d_secure() -> Json:
    return {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": random_text(32).lower(),
        "version": "2.2.0",
    }
