"""What is promised: the offers of a sale that may be out there, and what they bound.

Nobody keeps a list of offers, so it is worked out from what the sale has been
and is: when it minted, at which prices, with which hold. ``Change`` has what is
no more. Every figure is a bound: until when at the latest, for how many units
and how much money at the most. What is left of a deal and of its product's
stock bounds its units, together with what is claimed, not paid, and may come
free again, in whichever sale. And a page may be as old as the showcase
usually is.
"""

from collections import defaultdict
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

#: How long pages may go on saying what is changed already.
_STALE = timedelta(seconds=FRESH_SECONDS)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class PromisedDeal:
    """A deal of which offers may be out: its lowest held price, and what bounds it."""

    deal: Deal
    price: int
    units: int
    held_until: datetime

    @property
    def amount(self) -> int:
        """What all those units come to at that price, in minor units."""
        return self.price * self.units

    @property
    def shown_until(self) -> datetime:
        """When it runs out at the latest, in full minutes."""
        return _full_minute(self.held_until)


@dataclass(frozen=True, slots=True)
class OutstandingOffers:
    """All deals of a sale of which offers may be out."""

    deals: tuple[PromisedDeal, ...]

    def __bool__(self) -> bool:
        return bool(self.deals)

    @property
    def held_until(self) -> datetime:
        """When the last of them runs out."""
        return max(each.held_until for each in self.deals)

    @property
    def shown_until(self) -> datetime:
        """The same in full minutes."""
        return _full_minute(self.held_until)

    @property
    def units(self) -> int:
        """Units that they can take at the most."""
        return sum(each.units for each in self.deals)

    @property
    def amounts(self) -> dict[str, int]:
        """What those come to, by currency, in minor units."""
        sums: dict[str, int] = {}
        for each in self.deals:
            currency = each.deal.product.currency
            sums[currency] = sums.get(currency, 0) + each.amount
        return sums

    def of(self, deal: Deal) -> PromisedDeal | None:
        """What is promised of one deal."""
        return next((each for each in self.deals if each.deal.pk == deal.pk), None)


@dataclass(frozen=True, slots=True)
class _Terms:
    """What a sale was from one instant to another; ``prices`` and ``withdrawn`` by deal.

    ``ended_at`` is None for those of now.
    """

    since: datetime
    ended_at: datetime | None
    starts_at: datetime
    ends_at: datetime
    hold: timedelta
    is_published: bool
    prices: Mapping[int, int]
    withdrawn: frozenset[int]


def outstanding_offers(sale: Sale, now: datetime) -> OutstandingOffers:
    """What may be out of a sale now, as its rows say it is."""
    if sale.published_at is None:
        return OutstandingOffers(())
    deals = list(
        sale.deals.select_related("product").prefetch_related("product__variants").order_by("pk")
    )
    history = list(_terms(sale, deals, sale.changes.order_by("-made_at", "-id")))
    extensions = list(sale.extensions.all())
    recalls = list(sale.recalls.all())
    units = _units(sale, deals)
    promised = []
    for deal in deals:
        turned_at = _turned_at(deal, recalls)
        held = [
            (terms.prices[deal.pk], until)
            for terms in history
            if deal.pk not in terms.withdrawn
            and (until := _held_until(terms, sale, turned_at, extensions, now)) is not None
            and until > now
        ]
        if held:
            price = min(price for price, _ in held)
            until = max(until for _, until in held)
            promised.append(PromisedDeal(deal, price, units[deal.pk], until))
    return OutstandingOffers(tuple(promised))


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
        prices={deal.pk: deal.price for deal in deals},
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
            return replace(terms, prices={**terms.prices, change.deal_id: value})
        case "withdrawn" if change.deal_id is not None:
            others = terms.withdrawn - {change.deal_id}
            return replace(terms, withdrawn=others | {change.deal_id} if value else others)
        case "deal" if change.deal_id is not None:
            # Put in: before that it was not on show, as if it were withdrawn.
            return replace(terms, withdrawn=terms.withdrawn | {change.deal_id})
    return terms


def _turned_at(deal: Deal, recalls: Iterable[Recall]) -> datetime | None:
    """When a nonce of a deal was last turned: whatever was made until then is void."""
    of_it = (
        each
        for each in recalls
        if each.deal_id == deal.pk
        or (each.deal_id is None and voids_all(each.issued_before, each.made_at))
    )
    return max((each.made_at for each in of_it), default=None)


def _held_until(
    terms: _Terms,
    sale: Sale,
    turned_at: datetime | None,
    extensions: Iterable[Extension],
    now: datetime,
) -> datetime | None:
    """When the last offer made under these terms runs out; None where none was made."""
    if not terms.is_published:
        return None
    until = now
    if terms.ended_at is not None:
        if turned_at is not None and terms.ended_at <= turned_at:
            return None
        until = min(terms.ended_at + _STALE, now)
    bounds = (terms.starts_at, turned_at, sale.recall_before)
    first = max(terms.since, *(each for each in bounds if each is not None))
    last = min(until, terms.ends_at)
    # Half-open, as windows are; what is made in the very instant that is asked about is out.
    if last < first or terms.ends_at <= first:
        return None
    return last_hold_end(opens_at=first, closes_at=last, hold=terms.hold, extensions=extensions)


def _full_minute(instant: datetime) -> datetime:
    """Where a minute is told, the next one: rounded down it would be told too early."""
    whole = instant.replace(second=0, microsecond=0)
    return whole if whole == instant else whole + _MINUTE


def _units(sale: Sale, deals: Iterable[Deal]) -> Mapping[int, int]:
    """Units by deal that may still be had, should every order that is not paid lapse."""
    # The few that are open first: see ``figures.under_way``.
    lines = OrderLine.objects.filter(order__in=Order.objects.filter(IS_OPEN)).order_by()
    of_deals = defaultdict(
        int, lines.filter(deal__sale=sale).values_list("deal").annotate(Sum("quantity"))
    )
    products = [deal.product_id for deal in deals]
    of_products = defaultdict(
        int,
        lines.filter(variant__product__in=products)
        .values_list("variant__product")
        .annotate(Sum("quantity")),
    )
    units = {}
    for deal in deals:
        variants = deal.product.variants.all()
        units[deal.pk] = sum(v.stock - v.claimed for v in variants) + of_products[deal.product_id]
        if deal.allocation is not None:
            free = deal.allocation - deal.claimed + of_deals[deal.pk]
            units[deal.pk] = min(units[deal.pk], free)
    return units
