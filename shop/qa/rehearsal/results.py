"""Results of a rehearsal."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shop.qa.rehearsal.boundary_plan import Instant
from shop.qa.rehearsal.merchant_actions import MerchantAction
from shop.qa.rehearsal.temporary_database import SampledDeal

#: The scenario of the sale as it is, without what may yet happen.
AS_CONFIGURED = "as-configured"


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
class PurchaseStep:
    """What somebody did at an instant, what came of it, and what should have come of it."""

    at: datetime
    text: str
    outcome: str
    expected: str

    @property
    def is_kept(self) -> bool:
        """Whether that came of it which should have."""
        return self.outcome == self.expected


@dataclass(frozen=True)
class Finding:
    """A broken promise in a sentence, and the instant at which it was broken."""

    at: datetime
    text: str


@dataclass(frozen=True, kw_only=True)
class ScenarioResult:
    """Result of one scenario: a matrix for each product, or steps one after the other.

    ``name`` is short and stable, for machines and ``--only``.
    """

    name: str
    title: str
    text: str
    starts_at: datetime
    ends_at: datetime
    actions: Sequence[MerchantAction] = ()
    matrices: Sequence[Matrix] = ()
    steps: Sequence[PurchaseStep] = ()
    findings: Sequence[Finding] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0

    @property
    def is_kept(self) -> bool:
        """Whether every promise was kept in it."""
        return not self.findings


@dataclass(frozen=True, kw_only=True)
class RehearsalReport:
    """Result of the scenarios that were run; ``is_over``: the sale has closed, holds still run."""

    slug: str
    title: str
    zone: str
    starts_at: datetime
    ends_at: datetime
    hold: timedelta
    was_draft: bool
    is_over: bool = False
    samples: Sequence[SampledDeal]
    deals_total: int
    scenarios: Sequence[ScenarioResult]
    notes: Sequence[str] = ()
    seconds: float = 0

    @property
    def broken(self) -> list[str]:
        """All broken promises; those of what may yet happen begin with their scenario's title."""
        return [
            finding.text if each.name == AS_CONFIGURED else f"{each.title}: {finding.text}"
            for each in self.scenarios
            for finding in each.findings
        ]

    @property
    def is_kept(self) -> bool:
        """Whether every promise was kept."""
        return all(each.is_kept for each in self.scenarios)

    @property
    def counts(self) -> Counter[str]:
        """How many offers were presented, orders paid and pages read, in all scenarios."""
        return sum((Counter(each.counts) for each in self.scenarios), Counter())

    def as_json(self) -> dict[str, Any]:
        """The same for machines; instants in ISO 8601, the hold in seconds."""
        document = asdict(self)
        document["hold_seconds"] = int(document.pop("hold").total_seconds())
        for each, scenario in zip(document["scenarios"], self.scenarios, strict=True):
            each["kept"] = scenario.is_kept
        counts = dict(self.counts)
        return {"kept": self.is_kept, "broken": len(self.broken), "counts": counts, **document}
