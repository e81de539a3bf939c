"""Disputes and inquiries: opened by their cards, decided by accepting them or by test evidence.

As Stripe does in test mode (docs.stripe.com/testing, "Disputes"): the evidence decides at once.
"""

from typing import Any

from . import currencies, events, payment_methods
from .context import Context, new_id, now
from .errors import ApiError
from .forms import EXPAND, Form, boolean, metadata, nested, text
from .store import Json, Record

EVIDENCE_SECONDS = 9 * 24 * 60 * 60
#: What Stripe keeps for a dispute in most currencies: 15 or 20 of them.
FEE_UNITS = 20
#: What a shop could hand in; files are taken by their ids.
EVIDENCE = (
    "access_activity_log", "billing_address", "cancellation_policy",
    "cancellation_policy_disclosure", "cancellation_rebuttal", "customer_communication",
    "customer_email_address", "customer_name", "customer_purchase_ip", "customer_signature",
    "duplicate_charge_documentation", "duplicate_charge_explanation", "duplicate_charge_id",
    "product_description", "receipt", "refund_policy", "refund_policy_disclosure",
    "refund_refusal_explanation", "service_date", "service_documentation", "shipping_address",
    "shipping_carrier", "shipping_date", "shipping_documentation", "shipping_tracking_number",
    "uncategorized_file", "uncategorized_text",
)  # fmt: skip


#: Evidence that decides a dispute in test mode.
WINNING, LOSING = "winning_evidence", "losing_evidence"
WAITING = frozenset({"needs_response", "warning_needs_response"})

UPDATE = Form(
    **EXPAND,
    evidence=nested(Form(**dict.fromkeys(EVIDENCE, text))),
    metadata=metadata,
    submit=boolean,
)


def open_dispute(context: Context, charge_id: str) -> None:
    """A scheduled task: the cardholder of a dispute card complains at once."""
    charge = context.need("charge", charge_id)
    method = context.need("payment_method", charge.body["payment_method"])
    kind = payment_methods.of(method).fate.dispute
    assert kind is not None
    details = charge.body["payment_method_details"]["card"]
    dispute: Json = {
        "id": new_id("du"),
        "object": "dispute",
        "amount": charge.body["amount"] - charge.body["amount_refunded"],
        "balance_transactions": [],
        "charge": charge.id,
        "created": now(),
        "currency": charge.body["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now() + EVIDENCE_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": kind.is_inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge.body["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": details["brand"],
                "case_type": "inquiry" if kind.is_inquiry else "chargeback",
                "network": details["network"],
                "network_reason_code": "83" if kind.reason == "fraudulent" else "13.1",
            },
            "type": "card",
        },
        "reason": kind.reason,
        "status": "warning_needs_response" if kind.is_inquiry else "needs_response",
    }
    charge.body["disputed"] = True
    context.store.put(charge)
    record = Record(dispute)
    if kind.is_inquiry:
        context.store.put(record)
        events.emit(context, "charge.dispute.created", dispute)
        return
    _move_money(record, -dispute["amount"], fee=FEE_UNITS)
    context.store.put(record)
    events.emit(context, "charge.dispute.created", dispute)
    events.emit(context, "charge.dispute.funds_withdrawn", dispute)


def update(context: Context, params: dict[str, Any], id: str) -> Json:
    """Add evidence; submitted, which it is unless told otherwise, it decides the dispute."""
    record = context.need("dispute", id, param="dispute")
    dispute = record.body
    if dispute["status"] not in WAITING:
        raise ApiError("This dispute is already closed.", param="dispute")
    evidence = params.get("evidence", {})
    dispute["metadata"].update(params.get("metadata", {}))
    dispute["evidence"].update(evidence)
    dispute["evidence_details"]["has_evidence"] = any(
        dispute["evidence"][name] for name in EVIDENCE
    )
    if evidence and params.get("submit", True):
        dispute["evidence_details"].update(submission_count=1, submission_method="manual")
        _decide(context, record, evidence.get("uncategorized_text"))
    else:
        context.store.put(record)
        events.emit(context, "charge.dispute.updated", dispute, {})
    return dispute


def close(context: Context, params: dict[str, Any], id: str) -> Json:
    """Accept the dispute: it is lost, for good."""
    record = context.need("dispute", id, param="dispute")
    if record.body["status"] != "needs_response":
        raise ApiError("This dispute is already closed.", param="dispute")
    _end(context, record, "lost")
    return record.body


def _decide(context: Context, record: Record, evidence: str | None) -> None:
    dispute = record.body
    is_inquiry = dispute["status"].startswith("warning_")
    previous = {"status": dispute["status"]}
    dispute["status"] = "warning_under_review" if is_inquiry else "under_review"
    context.store.put(record)
    events.emit(context, "charge.dispute.updated", dispute, previous)
    if evidence == WINNING:
        _end(context, record, "warning_closed" if is_inquiry else "won")
    elif evidence == LOSING and not is_inquiry:
        _end(context, record, "lost")


def _end(context: Context, record: Record, status: str) -> None:
    dispute = record.body
    previous = {"status": dispute["status"]}
    dispute["status"] = status
    if status == "won":
        _move_money(record, dispute["amount"], fee=0)
    context.store.put(record)
    events.emit(context, "charge.dispute.closed", dispute, previous)
    if status == "won":
        events.emit(context, "charge.dispute.funds_reinstated", dispute)


def _move_money(record: Record, amount: int, *, fee: int) -> None:
    """Withdraw from the account or give back; the stand-in's account has the charge's currency."""
    dispute = record.body
    kept = currencies.units(fee, dispute["currency"])
    charged = f"for {dispute['charge']}"
    dispute["balance_transactions"].append(
        {
            "id": new_id("txn"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": now(),
            "balance_type": "payments",
            "created": now(),
            "currency": dispute["currency"],
            "description": f"Chargeback {'reversal' if amount > 0 else 'withdrawal'} {charged}",
            "exchange_rate": None,
            "fee": kept,
            "fee_details": [
                {
                    "amount": kept,
                    "application": None,
                    "currency": dispute["currency"],
                    "description": "Dispute fee",
                    "type": "stripe_fee",
                }
            ]
            if kept
            else [],
            "net": amount - kept,
            "reporting_category": "dispute_reversal" if amount > 0 else "dispute",
            "source": dispute["id"],
            "status": "available",
            "type": "adjustment",
        }
    )
