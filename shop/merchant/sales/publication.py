"""What goes public of a sale when it is published, for the page that asks to."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.timezone import get_default_timezone_name

from shop.core.durations import exact_duration
from shop.core.formatting import zone_name
from shop.core.money import percent_off
from shop.merchant.sales.mending import mendable
from shop.sales.models import Sale
from shop.sales.sense_checks import DealFacts
from shop.sales.sense_facts import CheckedSale, check_sales
from shop.sales.term_history import last_issue


@dataclass(frozen=True, slots=True)
class PublicDeal:
    """A deal as its page shows it; ``was`` is None where nothing is struck through."""

    facts: DealFacts
    amount: int
    was: int | None

    @property
    def percent(self) -> int:
        """The reduction in whole percent, rounded down."""
        return percent_off(self.amount, self.was) if self.was else 0


@dataclass(frozen=True, slots=True)
class HeldOffer:
    """One of the first or last offers that a sale makes, and until when it is held."""

    which: str
    made_at: datetime
    held_until: datetime


@dataclass(frozen=True, slots=True)
class Publication:
    """All that shoppers see of a sale, and what its checks found."""

    checked: CheckedSale
    now: datetime

    @property
    def sale(self) -> Sale:
        return self.checked.sale

    @property
    def is_public(self) -> bool:
        """Whether it is on show already."""
        return self.sale.state == Sale.State.PUBLISHED

    @property
    def hold(self) -> str:
        """The hold in words."""
        return exact_duration(self.sale.hold_seconds)

    @property
    def checks(self) -> list[dict[str, Any]]:
        """The findings, for templates."""
        return mendable(self.checked.findings, self.sale)

    @property
    def version(self) -> str:
        """A digest of the warnings to acknowledge."""
        keys = repr([each.key for each in self.checked.unread])
        return sha256(keys.encode()).hexdigest()[:24]

    @property
    def deals(self) -> list[PublicDeal]:
        """Its deals, in the order of its page."""
        return [
            PublicDeal(each, each.price, each.was if each.was and each.was > each.price else None)
            for each in self.checked.facts.deals
            if each.price is not None
        ]

    @property
    def zones(self) -> list[tuple[str, ZoneInfo]]:
        """The zones that its window is told in, with whose they are."""
        own, shop = self.sale.zone, ZoneInfo(get_default_timezone_name())
        if own == shop:
            return [(f"{zone_name(own)}: the sale’s and the shop’s", own)]
        return [(f"{zone_name(own)}: the sale’s", own), (f"{zone_name(shop)}: the shop’s", shop)]

    @property
    def promises(self) -> list[HeldOffer]:
        """The first and the last offer that it makes from now on; none once it is over."""
        return list(self._promises())

    def _promises(self) -> Iterator[HeldOffer]:
        sale, now = self.sale, self.now
        if sale.ends_at <= now:
            return
        first, which = sale.starts_at, "An offer of the first second"
        if first < now:
            first, which = now, "An offer that is made now"
        # Offers say when they were made in whole seconds, rounded down.
        first = first.replace(microsecond=0)
        last = last_issue(sale.ends_at)
        yield HeldOffer(which, first, first + sale.hold)
        yield HeldOffer("One of the last second", last, last + sale.hold)


def publications(sales: Collection[Sale], now: datetime) -> list[Publication]:
    """What goes public of some sales, in a fixed number of queries."""
    return [Publication(each, now) for each in check_sales(sales, now)]
