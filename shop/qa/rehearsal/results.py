"""What a rehearsal found."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shop.qa.rehearsal.boundary_plan import Instant
from shop.qa.rehearsal.merchant_actions import MerchantAction
from shop.qa.rehearsal.temporary_database import Part


@dataclass(frozen=True)
class Cell:
    """An offer presented at an instant.

    ``verdict`` is empty before the offer was made. ``renewed`` says that a bag
    which held it got the same price, or a lower one, anew; ``paid`` that it was
    paid for, and charged as promised.
    """

    verdict: str = ""
    expected: str = ""
    renewed: bool = False
    paid: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether it is what the page and the merchant's acts made one expect."""
        return self.verdict == self.expected


@dataclass(frozen=True)
class MatrixColumn:
    """One look at the page: when, and until when it said that its prices are held."""

    issued: Instant
    held_until: datetime


@dataclass(frozen=True)
class Matrix:
    """The verdicts on one product's offers: rows are instants, columns are looks at the page."""

    sku: str
    columns: Sequence[MatrixColumn]
    rows: Sequence[Instant]
    cells: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class ScenarioResult:
    """One way in which the sale may go."""

    title: str
    text: str
    starts_at: datetime
    ends_at: datetime
    acts: Sequence[MerchantAction]
    matrices: Sequence[Matrix]


@dataclass(frozen=True, kw_only=True)
class RehearsalReport:
    """The whole rehearsal."""

    slug: str
    title: str
    zone: str
    starts_at: datetime
    ends_at: datetime
    hold: timedelta
    was_draft: bool
    parts: Sequence[Part]
    deals_in_all: int
    scenes: Sequence[ScenarioResult]
    breaches: Sequence[str]
    notes: Sequence[str] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0

    @property
    def is_kept(self) -> bool:
        """Whether every promise was kept."""
        return not self.breaches

    def as_json(self) -> dict[str, Any]:
        """The same for machines; instants in ISO 8601, the hold in seconds."""
        document = asdict(self)
        document["hold_seconds"] = int(document.pop("hold").total_seconds())
        return {"kept": self.is_kept, **document}
