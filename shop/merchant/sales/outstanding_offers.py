"""Bounds on a sale's outstanding offers: how long, how many units, how much money.

Offers are stored nowhere, so their bounds follow from the sale's present terms and
the past ones (``shop.sales.term_history``). A deal's units are bounded by what is left of
the deal and of its product's stock, plus open orders, in any sale, that may still
expire. A page may be as old as the showcase usually is.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Sum

from shop.orders.models import IS_OPEN, Order, OrderLine
from shop.sales.hold_end import deal_hold_ends, hold_end, present_terms, recalls_of
from shop.sales.models import Deal, Sale
from shop.sales.restored_offers import lost
from shop.sales.showcase import FRESH_SECONDS
from shop.sales.term_history import TermChange, terms_history

#: How long pages may show the terms from before a change.
_STALE = timedelta(seconds=FRESH_SECONDS)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class OutstandingDeal:
    """A deal with outstanding offers: the lowest amount they hold, and their bounds."""

    deal: Deal
    amount: int
    units: int
    held_until: datetime

    @property
    def total(self) -> int:
        """The amount of all those units, in minor units."""
        return self.amount * self.units

    @property
    def shown_until(self) -> datetime:
        """``held_until``, rounded up to the minute."""
        whole = self.held_until.replace(second=0, microsecond=0)
        return whole if whole == self.held_until else whole + _MINUTE


@dataclass(frozen=True, slots=True)
class OutstandingOffers:
    """The deals of a sale with outstanding offers."""

    deals: tuple[OutstandingDeal, ...]

    def __bool__(self) -> bool:
        return bool(self.deals)

    @property
    def shown_until(self) -> datetime:
        """When the last of them expires, rounded up to the minute."""
        return max(each.shown_until for each in self.deals)

    @property
    def units(self) -> int:
        """The most units that they can claim."""
        return sum(each.units for each in self.deals)

    @property
    def totals(self) -> dict[str, int]:
        """The total of those units by currency, in minor units."""
        sums = Counter[str]()
        for each in self.deals:
            sums[each.deal.product.currency] += each.total
        return sums

    def of(self, deal: Deal) -> OutstandingDeal | None:
        """One deal, if offers of it are outstanding."""
        return next((each for each in self.deals if each.deal.pk == deal.pk), None)


def outstanding_offers(
    sale: Sale,
    now: datetime,
    *,
    issued_from: datetime | None = None,
    issued_before: datetime | None = None,
) -> OutstandingOffers:
    """The offers of a sale that may be outstanding, by its rows.

    :param issued_from: only those issued from then on, as only those before ``issued_before``
    """
    if sale.published_at is None:
        return OutstandingOffers(())
    deals = list(
        sale.deals.select_related("product").prefetch_related("product__variants").order_by("pk")
    )
    changes = (TermChange.of(each) for each in sale.changes.order_by("-made_at", "-id"))
    history = list(terms_history(present_terms(sale, deals), changes))
    extensions, recalls = list(sale.extensions.all()), list(sale.recalls.all())
    forgotten = lost(sale.restored_sales.all())
    units = _units(sale, deals)
    found = []
    for deal in deals:
        ends = deal_hold_ends(
            history,
            deal.pk,
            extensions,
            recalls_of(deal, recalls),
            now=now,
            stale=_STALE,
            issued_from=issued_from,
            issued_before=issued_before,
        )
        made = [(terms.amounts[deal.pk], until) for terms, until in ends]
        # At what amount the forgotten ones were made, nobody knows.
        parts = (each.within(issued_from, issued_before) for each in forgotten)
        of_deal = recalls_of(deal, recalls)
        made += [(deal.price, hold_end(each, extensions, of_deal)) for each in parts if each]
        held = [(amount, until) for amount, until in made if until > now]
        if held:
            amount = min(amount for amount, _ in held)
            until = max(until for _, until in held)
            found.append(OutstandingDeal(deal, amount, units[deal.pk], until))
    return OutstandingOffers(tuple(found))


def _units(sale: Sale, deals: Iterable[Deal]) -> Mapping[int, int]:
    """Units by deal that are left if every open order expires."""
    of_deals = _open_units("deal", deal__sale=sale)
    products = [deal.product_id for deal in deals]
    of_products = _open_units("variant__product", variant__product__in=products)
    units = {}
    for deal in deals:
        variants = deal.product.variants.all()
        units[deal.pk] = sum(v.stock - v.claimed for v in variants) + of_products[deal.product_id]
        if deal.allocation is not None:
            free = deal.allocation - deal.claimed + of_deals[deal.pk]
            units[deal.pk] = min(units[deal.pk], free)
    return units


def _open_units(key: str, **of: Any) -> Mapping[int, int]:
    """Units in the lines of open orders, by a key of the lines."""
    # A subquery of the few open orders, so that the index on them is used.
    lines = OrderLine.objects.filter(order__in=Order.objects.filter(IS_OPEN), **of).order_by()
    return defaultdict(int, lines.values_list(key).annotate(Sum("quantity")))
