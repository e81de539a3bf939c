"""Disputes: opened by the dispute card, closed by accepting them."""

from __future__ import annotations

from typing import Any

from . import events
from .errors import ApiError
from .forms import EXPAND, Form
from .store import Json, Record
from .world import World, new_id, now

RETRIEVE = Form(**EXPAND)
CLOSE = Form(**EXPAND)
EVIDENCE_SECONDS = 9 * 24 * 60 * 60


def open_(world: World, charge: Record) -> None:
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
    world.store.put(charge)
    world.store.put(Record(dispute))
    events.emit(world, "charge.dispute.created", dispute)


def retrieve(world: World, params: dict[str, Any], id: str) -> Json:
    return world.need("dispute", id, param="dispute").body


def close(world: World, params: dict[str, Any], id: str) -> Json:
    """Accept the dispute: it is lost, for good."""
    record = world.need("dispute", id, param="dispute")
    if record.body["status"] != "needs_response":
        raise ApiError("This dispute is already closed.", param="dispute")
    previous = {"status": record.body["status"]}
    record.body["status"] = "lost"
    world.store.put(record)
    events.emit(world, "charge.dispute.closed", record.body, previous)
    return record.body
