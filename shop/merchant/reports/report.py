"""The report on a sale: what it sold, and the cost of honoring its offers."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from offers.verdicts import Verdict
from shop.merchant.reports import report_queries as queries
from shop.merchant.reports.lateness_chart import lateness, span_of
from shop.merchant.reports.live_queries import Figures, Sums, read_figures, refused_by_verdict
from shop.merchant.reports.svg_chart import Chart
from shop.orders.models import OPEN, OVER
from shop.sales.availability import DealNow
from shop.sales.hold_end import holds_of
from shop.sales.models import Sale
from shop.sales.refusals import NO_SALE


@dataclass(frozen=True, slots=True)
class DealSold:
    """A deal, its supply, and what was sold of it."""

    now: DealNow
    sold: Sums

    @property
    def currency(self) -> str:
        """What its amounts are in."""
        return self.now.deal.product.currency

    @property
    def kept(self) -> int:
        """Units that were sold and not refunded."""
        return self.sold.units - self.sold.refunded_units

    @property
    def sell_through(self) -> int:
        """Kept units as a share of the supply, in whole percent, rounded down."""
        return self.kept * 100 // self.now.supply if self.now.supply else 0


@dataclass(frozen=True)
class SaleReport:
    """The report, as of ``read_at``."""

    sale: Sale
    read_at: datetime
    closed_at: datetime
    held_until: datetime
    figures: Figures
    deals: tuple[DealSold, ...]
    lateness: Chart
    payments: tuple[queries.NotPaid, ...]
    back: tuple[queries.MoneyBack, ...]
    back_whole: tuple[queries.MoneyBack, ...]
    refused_nowhere: dict[Verdict, int]

    @property
    def over(self) -> list[queries.NotPaid]:
        """Orders that ended unpaid."""
        return [each for each in self.payments if each.status in OVER]

    @property
    def open(self) -> list[queries.NotPaid]:
        """Orders that may still be paid."""
        return [each for each in self.payments if each.status in OPEN]

    @cached_property
    def orders_open(self) -> int:
        """Number of open orders."""
        return sum(each.orders for each in self.open)

    @property
    def phase(self) -> str:
        """How final the figures are: "upcoming", "live", "held", "settling" or "final"."""
        if self.read_at < self.sale.starts_at:
            return "upcoming"
        if self.read_at < self.closed_at:
            return "live"
        if self.read_at < self.held_until:
            return "held"
        return "settling" if self.orders_open else "final"


def read_report(sale: Sale, now: datetime) -> SaleReport:
    """Count a sale's orders."""
    figures, holds = read_figures(sale), holds_of(sale)
    sold, latest = queries.sold_by_deal(sale)
    by_span = queries.late_by_span(sale, span_of(sale, latest)) if latest >= 0 else {}
    return SaleReport(
        sale=sale,
        read_at=now,
        closed_at=holds.closed_at,
        held_until=holds.last_end,
        figures=figures,
        deals=tuple(DealSold(each, sold.get(each.deal.pk, Sums())) for each in figures.deals),
        lateness=lateness(sale, by_span, latest),
        payments=tuple(queries.not_paid(sale)),
        back=tuple(queries.money_back(sale)),
        back_whole=tuple(queries.money_back_whole(sale)),
        refused_nowhere=refused_by_verdict(NO_SALE, since=sale.starts_at, until=holds.last_end),
    )
