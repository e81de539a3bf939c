"""Refunds: at once, or decided later for the test cards that say so."""

from typing import Any

from . import currencies, events, payment_methods
from .cards import Method
from .context import Context, new_id, now
from .errors import ApiError
from .forms import EXPAND, Form, choice, metadata, positive, text
from .store import Json, Record

CREATE = Form(
    **EXPAND,
    amount=positive,
    charge=text,
    metadata=metadata,
    payment_intent=text,
    reason=choice("duplicate", "fraudulent", "requested_by_customer"),
)


def check_create(params: dict[str, Any]) -> None:
    if ("charge" in params) == ("payment_intent" in params):
        raise ApiError(
            "One of the following params should be provided for this request: payment_intent or"
            " charge.",
            code="parameter_missing",
        )


def create(context: Context, params: dict[str, Any]) -> Json:
    charge = _charge(context, params)
    remaining = charge.body["amount"] - charge.body["amount_refunded"]
    if _is_charged_back(context, charge):
        raise ApiError(
            f"Charge {charge.id} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    if remaining == 0:
        raise ApiError(
            f"Charge {charge.id} has already been refunded.", code="charge_already_refunded"
        )
    amount = params.get("amount", remaining)
    currency = charge.body["currency"]
    if amount > remaining:
        raise ApiError(
            f"Refund amount ({currencies.show(amount, currency)}) is greater than unrefunded amount"
            f" on charge ({currencies.show(remaining, currency)})",
            param="amount",
        )
    method = _method(context, charge)
    type, later = method.type, method.fate.refund
    refund: Json = {
        "id": new_id("re" if type == "card" else "pyr"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": new_id("txn"),
        "charge": charge.id,
        "created": now(),
        "currency": currency,
        "destination_details": {
            "card": {"reference_status": "pending", "reference_type": "acquirer_reference_number",
                     "type": "refund"},
            "type": "card",
        }
        if type == "card"
        else None,
        "metadata": {name: value for name, value in params.get("metadata", {}).items() if value},
        "payment_intent": charge.body["payment_intent"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending" if later == "later" else "succeeded",
        "transfer_reversal": None,
    }  # fmt: skip
    if later == "later":
        refund["pending_reason"] = "processing"
    if later != "at once":
        context.store.later("settle_refund", refund["id"], context.delay)
    context.store.put(Record(refund))
    _note_on_charge(context, charge, amount)
    events.emit(context, "refund.created", refund)
    events.emit(context, "charge.refunded", charge.body)
    return refund


def _charge(context: Context, params: dict[str, Any]) -> Record:
    if "charge" in params:
        charge = context.need("charge", params["charge"], param="charge")
    else:
        id = params["payment_intent"]
        intent = context.need("payment_intent", id, param="payment_intent").body
        if intent["status"] != "succeeded":
            raise ApiError(
                f"This PaymentIntent ({id}) does not have a successful charge to refund.",
                param="payment_intent",
            )
        charge = context.need("charge", intent["latest_charge"], param="charge")
    if charge.body["status"] != "succeeded":
        raise ApiError(
            f"Charge {charge.id} did not succeed and cannot be refunded.",
            code="charge_not_refundable",
        )
    return charge


def _is_charged_back(context: Context, charge: Record) -> bool:
    """Whether a bank has taken the money back; an inquiry only asks."""
    return charge.body["disputed"] and any(
        dispute.body["charge"] == charge.id and not dispute.body["is_charge_refundable"]
        for dispute in context.store.find("dispute")
    )


def _method(context: Context, charge: Record) -> Method:
    return payment_methods.of(context.need("payment_method", charge.body["payment_method"]))


def _note_on_charge(context: Context, charge: Record, amount: int) -> None:
    refunded = charge.body["amount_refunded"] + amount
    charge.body.update(amount_refunded=refunded, refunded=refunded == charge.body["amount"])
    context.store.put(charge)


def settle_refund(context: Context, id: str) -> None:
    """A scheduled task: a refund that was under way arrives, or comes back."""
    record = context.need("refund", id)
    refund = record.body
    charge = context.need("charge", refund["charge"])
    previous = {"status": refund["status"]}
    if _method(context, charge).fate.refund == "later":
        refund["status"] = "succeeded"
        refund.pop("pending_reason", None)
        context.store.put(record)
        events.emit(context, "refund.updated", refund, previous)
        return
    refund.update(
        status="failed",
        failure_reason="expired_or_canceled_card",
        failure_balance_transaction=new_id("txn"),
    )
    context.store.put(record)
    _note_on_charge(context, charge, -refund["amount"])
    events.emit(context, "refund.updated", refund, previous)
    events.emit(context, "refund.failed", refund)
