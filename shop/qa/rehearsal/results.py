"""Results of a rehearsal."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shop.qa.rehearsal.boundary_plan import Instant
from shop.qa.rehearsal.merchant_actions import MerchantAction
from shop.qa.rehearsal.temporary_database import SampledDeal


@dataclass(frozen=True)
class Cell:
    """The verdict on an offer presented at an instant; empty before the offer was made.

    ``renewed``: a bag with the offer got the same price, or a lower one, anew.
    ``paid``: an order for it was paid, and charged as promised.
    """

    verdict: str = ""
    expected: str = ""
    renewed: bool = False
    paid: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether it is the verdict that the oracle expected."""
        return self.verdict == self.expected


@dataclass(frozen=True)
class MatrixColumn:
    """One visit to the page: when, and until when it said that its prices are held."""

    issued: Instant
    held_until: datetime


@dataclass(frozen=True)
class Matrix:
    """The verdicts on one product's offers: rows are instants, columns are visits to the page."""

    sku: str
    columns: Sequence[MatrixColumn]
    rows: Sequence[Instant]
    cells: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class ScenarioResult:
    """Result of one scenario; ``broken`` has a sentence for each broken promise."""

    title: str
    text: str
    starts_at: datetime
    ends_at: datetime
    actions: Sequence[MerchantAction]
    matrices: Sequence[Matrix]
    broken: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class RehearsalReport:
    """Result of all scenarios; the first is the sale as configured."""

    slug: str
    title: str
    zone: str
    starts_at: datetime
    ends_at: datetime
    hold: timedelta
    was_draft: bool
    samples: Sequence[SampledDeal]
    deals_total: int
    scenarios: Sequence[ScenarioResult]
    notes: Sequence[str] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0

    @property
    def broken(self) -> list[str]:
        """All broken promises; those of what may yet happen begin with their scenario's title."""
        first, *others = self.scenarios
        return [*first.broken, *(f"{each.title}: {it}" for each in others for it in each.broken)]

    @property
    def is_kept(self) -> bool:
        """Whether every promise was kept."""
        return not self.broken

    def as_json(self) -> dict[str, Any]:
        """The same for machines; instants in ISO 8601, the hold in seconds."""
        document = asdict(self)
        document["hold_seconds"] = int(document.pop("hold").total_seconds())
        return {"kept": self.is_kept, "broken": len(self.broken), **document}
