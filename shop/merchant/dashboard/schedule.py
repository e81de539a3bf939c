"""The sales of the start page: live, upcoming and just over.

Stock is read from the rows: the showcase may be a second old.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Q
from django.urls import reverse

from shop.sales.availability import DealNow, deal_now
from shop.sales.hold_end import last_hold_ends_at, with_hold_rows
from shop.sales.models import Deal, Sale

#: Sales that each part shows; the list of sales has all.
SHOWN = 8
#: How long a sale is shown after its end.
JUST_OVER = timedelta(days=2)


@dataclass(frozen=True)
class SaleNow:
    """A sale and its deals with their stock now."""

    sale: Sale
    deals: tuple[DealNow, ...]

    @property
    def claimed(self) -> int:
        """Units that are paid or may still be."""
        return sum(each.deal.claimed for each in self.deals)

    @property
    def supply(self) -> int:
        """Units that were or can be claimed."""
        return self.claimed + self.left

    @property
    def left(self) -> int:
        """Units that can still be claimed."""
        return sum(each.left for each in self.deals)

    @property
    def is_draft(self) -> bool:
        """Whether it is hidden from shoppers."""
        return self.sale.state == Sale.State.DRAFT

    @property
    def address(self) -> str:
        """The address of its admin page."""
        return reverse("admin:sales_sale_change", args=[self.sale.pk])

    @cached_property
    def held_until(self) -> datetime:
        """When the last hold of one of its prices ends."""
        return last_hold_ends_at(self.sale)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Sales by phase; ``upcoming`` includes drafts whose window has not ended."""

    live: tuple[SaleNow, ...]
    upcoming: tuple[SaleNow, ...]
    over: tuple[SaleNow, ...]


def schedule(now: datetime) -> Schedule:
    """The sales of each phase at an instant; canceled ones are left out."""
    deals = Deal.objects.select_related("product").prefetch_related("product__variants")
    sales = (
        Sale.objects.exclude(state=Sale.State.CANCELED)
        .filter(ends_at__gt=now - JUST_OVER)
        .filter(Q(state=Sale.State.PUBLISHED) | Q(ends_at__gt=now))
        .order_by("starts_at", "id")
    )
    phases: dict[str, list[SaleNow]] = {"live": [], "upcoming": [], "over": []}
    rows: Any
    for rows in with_hold_rows(sales, deals)[: 3 * SHOWN]:
        sale: Sale = rows
        phase = "live"
        if sale.ends_at <= now:
            phase = "over"
        elif now < sale.starts_at or sale.state == Sale.State.DRAFT:
            phase = "upcoming"
        on_show = (deal for deal in rows.hold_deals if not deal.withdrawn)
        phases[phase].append(SaleNow(sale, tuple(map(deal_now, on_show))))
    phases["over"].reverse()
    return Schedule(**{phase: tuple(found[:SHOWN]) for phase, found in phases.items()})
