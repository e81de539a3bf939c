"""The sales of the start page: what is live, what is next, what is just over.

A fixed number of queries, however many deals there are; what is left is worked out from
rows and not from the showcase, which is a second old.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import Prefetch, Q
from django.urls import reverse

from shop.sales.availability import DealNow, deal_now
from shop.sales.hold_end import last_hold_ends_at
from shop.sales.models import Deal, Sale

#: How many sales a section shows; the list of all sales has the rest.
SHOWN = 8


#: How long a sale that is over is told about.
JUST_OVER = timedelta(days=2)


@dataclass(frozen=True)
class SaleNow:
    """A sale with its deals, as they are now."""

    sale: Sale
    deals: tuple[DealNow, ...]

    @property
    def claimed(self) -> int:
        """Units that are paid or may still be."""
        return sum(each.deal.claimed for each in self.deals)

    @property
    def left(self) -> int:
        """Units that can still be had."""
        return sum(each.left for each in self.deals)

    @property
    def is_draft(self) -> bool:
        """Whether nobody sees it."""
        return self.sale.state == Sale.State.DRAFT

    @property
    def address(self) -> str:
        """Where it is changed."""
        return reverse("admin:sales_sale_change", args=[self.sale.pk])

    @cached_property
    def held_until(self) -> datetime:
        """Until when the last price that was shown is held."""
        return last_hold_ends_at(self.sale)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Sales by where they stand at an instant; ``upcoming`` has drafts too."""

    live: tuple[SaleNow, ...]
    upcoming: tuple[SaleNow, ...]
    over: tuple[SaleNow, ...]


def schedule(now: datetime) -> Schedule:
    """What is live, next, and just over."""
    deals = Deal.objects.filter(withdrawn=False).select_related("product")
    sales = (
        Sale.objects.exclude(state=Sale.State.CANCELED)
        .filter(ends_at__gt=now - JUST_OVER)
        .filter(Q(state=Sale.State.PUBLISHED) | Q(ends_at__gt=now))
        .order_by("starts_at", "id")
        .prefetch_related(
            Prefetch("deals", deals), "deals__product__variants", "extensions", "recalls"
        )
    )
    all_of_them = [_as_it_is(sale) for sale in sales[: 3 * SHOWN]]
    return Schedule(
        live=_first(
            each
            for each in all_of_them
            if each.sale.starts_at <= now < each.sale.ends_at and not each.is_draft
        ),
        upcoming=_first(
            each
            for each in all_of_them
            if now < each.sale.starts_at or (each.is_draft and now < each.sale.ends_at)
        ),
        over=_first(each for each in reversed(all_of_them) if each.sale.ends_at <= now),
    )


def _first(sales: Iterable[SaleNow]) -> tuple[SaleNow, ...]:
    return tuple(sales)[:SHOWN]


def _as_it_is(sale: Sale) -> SaleNow:
    return SaleNow(sale, tuple(deal_now(deal) for deal in sale.deals.all()))
