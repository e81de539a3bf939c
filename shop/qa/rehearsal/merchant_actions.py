"""What a merchant does to a sale while it runs, as far as promises are concerned."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shop.core.durations import exact_duration


class ActionKind(StrEnum):
    """What was done."""

    EXTENSION = "extension"
    RECALL = "recall"
    PRICE_RISE = "price_rise"
    CLOSE = "close"


@dataclass(frozen=True, kw_only=True)
class MerchantAction:
    """Something done at an instant.

    An extension gives ``seconds`` more to offers issued before ``issued_before``.
    A recall voids those of one product (``sku``) or of all, and only those issued
    before ``issued_before`` where that is given. A price rise and an early close
    must change no promise.
    """

    kind: ActionKind
    at: datetime
    seconds: int = 0
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
            ActionKind.CLOSE: "sale closed and hidden",
        }[self.kind]
