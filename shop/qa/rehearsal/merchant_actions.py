"""What a merchant does to a sale while it runs, as far as promises are concerned."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shop.core.durations import exact_duration
from shop.qa.walk.events import HoldExtended, OffersRecalled


class ActionKind(StrEnum):
    """What was done."""

    EXTENSION = "extension"
    RECALL = "recall"
    PRICE_RISE = "price_rise"
    PRICE_CUT = "price_cut"
    WITHDRAWAL = "withdrawal"
    SHORTER_HOLD = "shorter_hold"
    LONGER_WINDOW = "longer_window"
    CLOSE = "close"
    HIDING = "hiding"
    CANCELLATION = "cancellation"


@dataclass(frozen=True, kw_only=True)
class MerchantAction:
    """Something done at an instant.

    An extension gives ``seconds`` more to offers issued before ``issued_before``.
    A recall voids those of one product (``sku``) or of all, and only those issued from
    ``issued_from`` on and before ``issued_before`` where these are given. Nothing else
    changes a promise.

    ``seconds``: how much longer offers are held, how long new ones are held (a
    shorter hold), or how much later the sale closes (a longer window).
    """

    kind: ActionKind
    at: datetime
    seconds: int = 0
    issued_from: datetime | None = None
    issued_before: datetime | None = None
    sku: str | None = None

    @property
    def text(self) -> str:
        """What happens, in a few words."""
        of_product = f" of {self.sku}" if self.sku else ""
        return {
            ActionKind.EXTENSION: f"offers held {exact_duration(self.seconds)} longer",
            ActionKind.RECALL: f"offers{of_product} recalled",
            ActionKind.PRICE_RISE: "prices doubled",
            ActionKind.PRICE_CUT: "prices cut",
            ActionKind.WITHDRAWAL: f"{self.sku} withdrawn",
            ActionKind.SHORTER_HOLD: f"new offers held {exact_duration(self.seconds)}",
            ActionKind.LONGER_WINDOW: f"close moved {exact_duration(self.seconds)} later",
            ActionKind.CLOSE: "sale closed",
            ActionKind.HIDING: "sale hidden",
            ActionKind.CANCELLATION: "sale canceled",
        }[self.kind]


def event_of(action: MerchantAction, sale: str) -> HoldExtended | OffersRecalled | None:
    """What it does to offers that are out, for the walk's account; None for nothing."""
    if action.kind is ActionKind.EXTENSION:
        return HoldExtended(
            at=action.at,
            sale=sale,
            longer=timedelta(seconds=action.seconds),
            shown_before=action.issued_before or action.at,
        )
    if action.kind is ActionKind.RECALL:
        return OffersRecalled(
            at=action.at,
            sale=sale,
            sku=action.sku,
            shown_from=action.issued_from,
            shown_before=action.issued_before,
        )
    return None
