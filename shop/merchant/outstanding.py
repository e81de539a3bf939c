"""What is promised: the offers of a sale that may be out there, and what they bound.

Nobody keeps a list of offers, so it is worked out from what the sale has been
and is: when it minted, at which prices, with which hold. ``Change`` has what is
no more. Every figure is a bound: until when at the latest, for how many units
and how much money at the most. What is left of a deal bounds its units,
together with what is claimed, not paid, and may come free again.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Sum

from shop.checkout.models import OPEN, OrderLine
from shop.merchant.agenda import deal_now
from shop.sales.models import Change, Deal, Extension, Recall, Sale


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


@dataclass(frozen=True, slots=True)
class Outstanding:
    """All deals of a sale of which offers may be out."""

    deals: tuple[PromisedDeal, ...]

    def __bool__(self) -> bool:
        return bool(self.deals)

    @property
    def held_until(self) -> datetime:
        """When the last of them runs out."""
        return max(each.held_until for each in self.deals)

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
    """What a sale was from one instant to another; ``prices`` and ``withdrawn`` by deal."""

    since: datetime
    until: datetime
    starts_at: datetime
    ends_at: datetime
    hold: timedelta
    is_published: bool
    prices: Mapping[int, int]
    withdrawn: frozenset[int]


def outstanding(sale: Sale, now: datetime) -> Outstanding:
    """What may be out of a sale now, as its rows say it is."""
    if sale.published_at is None:
        return Outstanding(())
    deals = list(
        sale.deals.select_related("product").prefetch_related("product__variants").order_by("pk")
    )
    history = list(_terms(sale, deals, sale.changes.order_by("-made_at", "-id"), now))
    extensions = list(sale.extensions.all())
    recalls = list(sale.recalls.all())
    unpaid = _unpaid(sale)
    promised = (
        _promised(deal, history, _voided(deal, sale, recalls), extensions, unpaid[deal.pk], now)
        for deal in deals
    )
    return Outstanding(tuple(each for each in promised if each is not None))


def _terms(
    sale: Sale, deals: Iterable[Deal], changes: Iterable[Change], now: datetime
) -> Iterator[_Terms]:
    """The sale's terms from now back to when it was first published."""
    assert sale.published_at is not None
    terms = _Terms(
        since=sale.published_at,
        until=now,
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
            terms = replace(before, until=change.made_at)
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
    return terms


def _voided(deal: Deal, sale: Sale, recalls: Iterable[Recall]) -> datetime | None:
    """The instant before which every offer of a deal is void; None where none is."""
    instants = [each.made_at for each in recalls if each.deal_id == deal.pk or _is_of_all(each)]
    if sale.recall_before is not None:
        instants.append(sale.recall_before)
    return max(instants, default=None)


def _is_of_all(recall: Recall) -> bool:
    """Whether it turned the sale's nonce: see ``promises.recall``."""
    if recall.deal_id is not None:
        return False
    settled = recall.made_at - timedelta(seconds=settings.SHOWCASE_MAX_STALE)
    return recall.issued_before is None or recall.issued_before >= settled


def _promised(
    deal: Deal,
    history: Iterable[_Terms],
    voided: datetime | None,
    extensions: Iterable[Extension],
    unpaid: int,
    now: datetime,
) -> PromisedDeal | None:
    held = [
        (terms.prices[deal.pk], until)
        for terms in history
        if deal.pk not in terms.withdrawn
        and (until := _held_until(terms, voided, list(extensions))) is not None
        and until > now
    ]
    if not held:
        return None
    return PromisedDeal(
        deal=deal,
        price=min(price for price, _ in held),
        units=deal_now(deal).left + unpaid,
        held_until=max(until for _, until in held),
    )


def _held_until(
    terms: _Terms, voided: datetime | None, extensions: list[Extension]
) -> datetime | None:
    """When the last offer made under these terms runs out; None where none was made."""
    first = max(terms.since, terms.starts_at, voided or terms.since)
    last = min(terms.until, terms.ends_at)
    # Half-open, as windows are; what is made in the very instant that is asked about is out.
    if not terms.is_published or last < first or last == terms.ends_at <= first:
        return None
    # The last one made, and the last that each extension reaches.
    issues = {last, *(min(each.issued_before, last) for each in extensions)}
    return max(
        issue
        + terms.hold
        + timedelta(seconds=sum(x.seconds for x in extensions if x.issued_before >= issue))
        for issue in issues
        if issue >= first
    )


def _unpaid(sale: Sale) -> Mapping[int, int]:
    """Units by deal in orders that are not paid."""
    rows = (
        OrderLine.objects.filter(deal__sale=sale, order__status__in=sorted(OPEN))
        .order_by()
        .values_list("deal")
        .annotate(Sum("quantity"))
    )
    return defaultdict(int, rows)
