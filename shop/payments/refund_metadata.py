"""What a refund at Stripe says of its row: enough to make the same one of it again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shop.orders.models import Refund
from shop.payments.stripe_metadata import join, split


@dataclass(frozen=True, slots=True)
class RefundedUnits:
    """Units of a line of an order, by its place among them from 0."""

    place: int
    quantity: int
    restock: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFacts:
    """What the metadata of a refund says. ``shipping`` is in minor units.

    ``made_by`` is a user name of the back office; empty where the shop refunded automatically.
    """

    idempotency_key: str
    units: tuple[RefundedUnits, ...]
    shipping: int
    reason: str
    made_by: str
    made_at: datetime


def metadata_of(refund: Refund) -> dict[str, str]:
    """The metadata of a refund that the shop makes."""
    order = refund.order
    line_ids = order.lines.order_by("pk").values_list("pk", flat=True)
    places = {line_id: place for place, line_id in enumerate(line_ids)}
    units = [
        [places[each.order_line_id], each.quantity, int(each.restock)]
        for each in refund.lines.all()
    ]
    about = {
        "order": order.number,
        "refund": refund.idempotency_key,
        "made_at": refund.made_at.isoformat(),
        "shipping": str(refund.shipping),
        "reason": refund.reason,
        "made_by": refund.made_by.username if refund.made_by else "",
    }
    # Stripe takes an empty value for none.
    return {name: value for name, value in about.items() if value} | split(
        "units", json.dumps(units, separators=(",", ":"))
    )


def read_metadata(metadata: Mapping[str, str]) -> RefundFacts | None:
    """What ``metadata_of`` wrote; None for anything else."""
    try:
        made_at = datetime.fromisoformat(metadata["made_at"])
        units = tuple(
            RefundedUnits(int(place), int(quantity), bool(restock))
            for place, quantity, restock in json.loads(join("units", metadata))
        )
        facts = RefundFacts(
            idempotency_key=metadata["refund"],
            units=units,
            shipping=int(metadata["shipping"]),
            reason=metadata.get("reason", ""),
            made_by=metadata.get("made_by", ""),
            made_at=made_at,
        )
    except (ValueError, LookupError, TypeError):
        return None
    is_sound = made_at.tzinfo is not None and facts.shipping >= 0
    is_sound = is_sound and all(each.place >= 0 and each.quantity > 0 for each in units)
    return facts if is_sound else None
