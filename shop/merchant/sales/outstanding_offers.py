"""Bounds on a sale's outstanding offers: how long, how many units, how much money.

Offers are stored nowhere, so their bounds follow from the sale's present terms and
the past ones, which ``Change`` records. A deal's units are bounded by what is left of
the deal and of its product's stock, plus open orders, in any sale, that may still
expire. A page may be as old as the showcase usually is.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Sum

from shop.orders.models import IS_OPEN, Order, OrderLine
from shop.sales.hold_end import last_hold_end
from shop.sales.holds import voids_all
from shop.sales.models import Change, Deal, Extension, Recall, Sale
from shop.sales.showcase import FRESH_SECONDS

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


@dataclass(frozen=True, slots=True)
class _Terms:
    """A sale's terms from ``since`` to ``ended_at``: None for the present ones; by deal key."""

    since: datetime
    ended_at: datetime | None
    starts_at: datetime
    ends_at: datetime
    hold: timedelta
    is_published: bool
    amounts: Mapping[int, int]
    withdrawn: frozenset[int]


def outstanding_offers(sale: Sale, now: datetime) -> OutstandingOffers:
    """The offers of a sale that may be outstanding, by its rows."""
    if sale.published_at is None:
        return OutstandingOffers(())
    deals = list(
        sale.deals.select_related("product").prefetch_related("product__variants").order_by("pk")
    )
    history = list(_terms(sale, deals, sale.changes.order_by("-made_at", "-id")))
    extensions = list(sale.extensions.all())
    recalls = list(sale.recalls.all())
    units = _units(sale, deals)
    found = []
    for deal in deals:
        recalled_at = _recalled_at(deal, recalls)
        held = [
            (terms.amounts[deal.pk], until)
            for terms in history
            if deal.pk not in terms.withdrawn
            and (until := _hold_end(terms, sale, recalled_at, extensions, now)) is not None
            and until > now
        ]
        if held:
            amount = min(amount for amount, _ in held)
            until = max(until for _, until in held)
            found.append(OutstandingDeal(deal, amount, units[deal.pk], until))
    return OutstandingOffers(tuple(found))


def _terms(sale: Sale, deals: Iterable[Deal], changes: Iterable[Change]) -> Iterator[_Terms]:
    """The sale's terms from now back to when it was first published."""
    assert sale.published_at is not None
    terms = _Terms(
        since=sale.published_at,
        ended_at=None,
        starts_at=sale.starts_at,
        ends_at=sale.ends_at,
        hold=sale.hold,
        is_published=sale.state == Sale.State.PUBLISHED,
        amounts={deal.pk: deal.price for deal in deals},
        withdrawn=frozenset(deal.pk for deal in deals if deal.withdrawn),
    )
    for change in changes:
        if change.made_at < sale.published_at:
            break
        before = _before(change, terms)
        if before != terms:
            yield replace(terms, since=change.made_at)
            terms = replace(before, ended_at=change.made_at)
    yield terms


def _before(change: Change, terms: _Terms) -> _Terms:
    value: Any = change.before
    match change.field:
        case "starts_at":
            return replace(terms, starts_at=datetime.fromisoformat(value))
        case "ends_at":
            return replace(terms, ends_at=datetime.fromisoformat(value))
        case "hold_seconds":
            return replace(terms, hold=timedelta(seconds=value))
        case "state":
            return replace(terms, is_published=value == Sale.State.PUBLISHED)
        case "price" if change.deal_id is not None:
            return replace(terms, amounts={**terms.amounts, change.deal_id: value})
        case "withdrawn" if change.deal_id is not None:
            others = terms.withdrawn - {change.deal_id}
            return replace(terms, withdrawn=others | {change.deal_id} if value else others)
        case "deal" if change.deal_id is not None:
            # Before it was added, it was not on show.
            return replace(terms, withdrawn=terms.withdrawn | {change.deal_id})
    return terms


def _recalled_at(deal: Deal, recalls: Iterable[Recall]) -> datetime | None:
    """When a nonce of a deal was last replaced: offers issued until then are void."""
    of_it = (
        each
        for each in recalls
        if each.deal_id == deal.pk
        or (each.deal_id is None and voids_all(each.issued_before, each.made_at))
    )
    return max((each.made_at for each in of_it), default=None)


def _hold_end(
    terms: _Terms,
    sale: Sale,
    recalled_at: datetime | None,
    extensions: Iterable[Extension],
    now: datetime,
) -> datetime | None:
    """When the last offer issued under these terms expires; None if none was issued."""
    if not terms.is_published:
        return None
    until = now
    if terms.ended_at is not None:
        if recalled_at is not None and terms.ended_at <= recalled_at:
            return None
        until = min(terms.ended_at + _STALE, now)
    bounds = (terms.starts_at, recalled_at, sale.recall_before)
    first = max(terms.since, *(each for each in bounds if each is not None))
    last = min(until, terms.ends_at)
    # Half-open, as windows are; an offer issued at this very instant counts.
    if last < first or terms.ends_at <= first:
        return None
    return last_hold_end(opens_at=first, closes_at=last, hold=terms.hold, extensions=extensions)


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
