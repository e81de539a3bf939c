"""What a merchant does while a sale runs, as far as promises are concerned."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class ActionKind(StrEnum):
    """What was done."""

    EXTENSION = "extension"
    RECALL = "recall"
    RISE = "rise"
    CLOSE = "close"


@dataclass(frozen=True, kw_only=True)
class MerchantAction:
    """Something done at an instant.

    An extension gives ``seconds`` more to offers issued before ``issued_before``.
    A recall takes back those of one product (``sku``) or of all, and only those
    issued before ``issued_before`` where that is given. A rise of prices and a
    sale that is closed early are to touch no promise at all.
    """

    kind: ActionKind
    at: datetime
    seconds: int = 0
    issued_before: datetime | None = None
    sku: str | None = None

    @property
    def text(self) -> str:
        """What happens, in a few words."""
        whose = f" of {self.sku}" if self.sku else ""
        return {
            ActionKind.EXTENSION: f"offers held {in_words(timedelta(seconds=self.seconds))} longer",
            ActionKind.RECALL: f"offers{whose} recalled",
            ActionKind.RISE: "prices doubled",
            ActionKind.CLOSE: "sale closed and hidden",
        }[self.kind]


def in_words(span: timedelta) -> str:
    """A span of time as people say it: "30 minutes"."""
    seconds = int(span.total_seconds())
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}{'' if seconds == size else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
