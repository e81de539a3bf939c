"""Disputes: opened by the dispute card, closed by accepting them."""

from typing import Any

from . import events
from .context import Context, new_id, now
from .errors import ApiError
from .store import Json, Record

EVIDENCE_SECONDS = 9 * 24 * 60 * 60
#: What a shop could hand in; the stand-in takes none, but shows the empty form as Stripe does.
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


def open_dispute(context: Context, charge_id: str) -> None:
    """A scheduled task: the cardholder of the dispute card complains at once."""
    charge = context.need("charge", charge_id)
    details = charge.body["payment_method_details"]["card"]
    dispute: Json = {
        "id": new_id("du"),
        "object": "dispute",
        "amount": charge.body["amount"],
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
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge.body["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": details["brand"],
                "case_type": "chargeback",
                "network": details["network"],
                "network_reason_code": "83",
            },
            "type": "card",
        },
        "reason": "fraudulent",
        "status": "needs_response",
    }
    charge.body["disputed"] = True
    context.store.put(charge)
    context.store.put(Record(dispute))
    events.emit(context, "charge.dispute.created", dispute)


def close(context: Context, params: dict[str, Any], id: str) -> Json:
    """Accept the dispute: it is lost, for good."""
    record = context.need("dispute", id, param="dispute")
    if record.body["status"] != "needs_response":
        raise ApiError("This dispute is already closed.", param="dispute")
    previous = {"status": record.body["status"]}
    record.body["status"] = "lost"
    context.store.put(record)
    events.emit(context, "charge.dispute.closed", record.body, previous)
    return record.body
