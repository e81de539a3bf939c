"""Events: a snapshot of an object at a moment, and a delivery if the shop's endpoint wants it."""

import copy
import time
from typing import Any

from .context import API_VERSION, Context, new_id, now, origin
from .forms import EXPAND, PAGE, Form, boolean, several, text
from .store import Json, Record

#: What the shop's endpoint is subscribed to at Stripe. Others can be listed, but are not sent.
SUBSCRIBED = frozenset({
    "payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.processing",
    "payment_intent.requires_action", "payment_intent.canceled",
    "charge.refunded", "refund.updated", "refund.failed",
    "charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed",
    "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
})  # fmt: skip

LIST = Form(**PAGE, **EXPAND, type=text, types=several(text), delivery_success=boolean)


def emit(context: Context, type: str, body: Json, previous: Json | None = None) -> None:
    """Record an event in the transaction that made it true; it is delivered after the commit."""
    wanted = context.has_endpoint and type in SUBSCRIBED
    data: Json = {"object": copy.deepcopy(body)}
    if previous is not None:
        data["previous_attributes"] = previous
    came_from = origin.get()
    event: Json = {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": now(),
        "data": data,
        "livemode": False,
        "pending_webhooks": int(wanted),
        "request": {"id": came_from.id, "idempotency_key": came_from.idempotency_key},
        "type": type,
    }
    context.store.put(Record(event))
    if wanted:
        context.store.execute(
            "INSERT INTO deliveries (event, due) VALUES (?, ?)", (event["id"], time.time())
        )


def list_(context: Context, params: dict[str, Any]) -> Json:
    wanted = params.get("types", params.get("type"))
    return context.store.page("event", params, **({"type": wanted} if wanted else {}))
