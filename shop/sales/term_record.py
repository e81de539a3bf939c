"""What offers can have said when they were issued, by the record of what the shop asked.

A key that has leaked signs anything. So an offer in the shop's own name is held to the record:

* ``amount`` is not below the lowest price, ``exp`` less ``iat`` not above the longest hold, ``max``
  not above the highest limit that was in force at some moment at which the offer may have been
  made, or that is now. ``currency`` is the product's.
* A page may be as old as ``SHOWCASE_MAX_STALE``, and its server's clock may differ from that of the
  record by ``ISSUE_LEEWAY_SECONDS``, either way: so the moments of an offer are from ``iat`` less
  both to the end of the second of ``iat``, and that leeway more.
* What nobody recorded bounds nothing: the time that a restored database has forgotten, and the
  price of a product whose list prices were never recorded. Where a row was changed past the shop,
  by hand, the last value on record counts as well.
* A travelling clock that was set back shows times again (``shop.core.repeated_time``). The order of
  the record says nothing of those times, so all that was ever recorded counts.
* A partner's offers are bound by what the partner was granted, not by this record.

``term_record_queries`` reads the record.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from django.conf import settings

from offers import conf
from offers.anchors import ISSUE_LEEWAY_SECONDS, UNBOUNDED, TermBounds
from offers.terms import LIST, Offer
from shop.core.repeated_time import TimeSpan
from shop.sales.list_terms import RESTART_TIME
from shop.sales.snapshot import DealSnapshot, Snapshot

#: How far the clocks of two servers may differ.
LEEWAY = timedelta(seconds=ISSUE_LEEWAY_SECONDS)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """A value that another one replaced at an instant."""

    at: datetime
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class ValueHistory:
    """The changes of one value, in the order in which they were made.

    Their instants may be in another order, where the clocks of those who made them differ.
    """

    changes: tuple[RecordedChange, ...] = ()

    def values(self, span: TimeSpan | None) -> Iterator[int]:
        """The values in force at some moment of a span; None: at any time.

        One that was replaced at the instant at which it was set is among them: a clock that is
        stopped may show it for hours.
        """
        if not self.changes:
            return
        first, last = self.changes[0], self.changes[-1]
        if span is None or first.at > span.since:
            yield first.before
        for each, after in pairwise(self.changes):
            since, until = sorted((each.at, after.at))
            if span is None or (since < span.until and until > span.since):
                # They differ where a change in between is not on record, or was not read.
                yield from (each.after, after.before)
        if span is None or last.at < span.until:
            yield last.after


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTermsInForce:
    """Hold and limit of offers at list price, as some process had them set.

    ``until``: when others were first in force; None for the last ones on record.
    """

    since: datetime
    until: datetime | None
    hold: int
    limit: int

    def is_of(self, span: TimeSpan | None) -> bool:
        """Whether offers may have been made by them at some moment of a span."""
        if span is None:
            return True
        is_over = self.until is not None and self.until + RESTART_TIME <= span.since
        return self.since < span.until and not is_over


_UNCHANGED = ValueHistory()


@dataclass(frozen=True, kw_only=True)
class TermRecord:
    """The record of some sales and products.

    ``prices`` and ``limits`` are by the key of a deal, ``holds`` (in seconds) by a sale's slug;
    what is in none of them is as it ever was. ``published`` says by slug since when a sale was on
    show. ``list_prices`` are by the key of a product; one that is missing was never recorded.
    ``repeated``: times that the shop's clock has shown again.
    """

    prices: Mapping[int, ValueHistory] = field(default_factory=dict)
    limits: Mapping[int, ValueHistory] = field(default_factory=dict)
    holds: Mapping[str, ValueHistory] = field(default_factory=dict)
    published: Mapping[str, datetime] = field(default_factory=dict)
    list_prices: Mapping[int, ValueHistory] = field(default_factory=dict)
    list_terms: tuple[ListTermsInForce, ...] = ()
    repeated: TimeSpan | None = None

    def bounds(self, offer: Offer, deal: DealSnapshot) -> TermBounds:
        """What an offer can have said, given when it says that it was issued.

        :param deal: its deal, as it is now
        """
        moments = moments_of(offer)
        forgotten = (TimeSpan(each.issued_from, each.issued_before) for each in deal.restored)
        if offer.issuer != conf.ring().active.issuer or any(map(moments.overlaps, forgotten)):
            return UNBOUNDED
        span = None if self.repeated and moments.overlaps(self.repeated) else moments
        if deal.sale == LIST:
            return self._bounds_at_list(deal, span)
        if span is not None and (published_at := self.published.get(deal.sale)) is not None:
            # Nobody was shown the terms of a draft.
            span = TimeSpan(max(span.since, published_at - LEEWAY), span.until)
        key = deal.id or 0
        prices = self.prices.get(key, _UNCHANGED).values(span)
        holds = self.holds.get(deal.sale, _UNCHANGED).values(span)
        limits = self.limits.get(key, _UNCHANGED).values(span)
        return TermBounds(
            currency=deal.product.currency,
            least_amount=min([deal.amount, *prices]),
            longest_hold=max([deal.hold // _SECOND, *holds]),
            most_units=max([deal.max, *limits]),
        )

    def _bounds_at_list(self, deal: DealSnapshot, span: TimeSpan | None) -> TermBounds:
        prices = self.list_prices.get(deal.product.id)
        terms = [each for each in self.list_terms if each.is_of(span)]
        return TermBounds(
            currency=deal.product.currency,
            least_amount=min([deal.amount, *prices.values(span)]) if prices else None,
            longest_hold=max([deal.hold // _SECOND, *(each.hold for each in terms)]),
            most_units=max([deal.max, *(each.limit for each in terms)]),
        )


def present_bounds(deal: DealSnapshot) -> TermBounds:
    """What an offer of a deal can say that is made now."""
    return TermBounds(
        currency=deal.product.currency,
        least_amount=deal.amount,
        longest_hold=deal.hold // _SECOND,
        most_units=deal.max,
    )


def is_within_terms_of_now(offer: Offer, snapshot: Snapshot) -> bool:
    """Whether the record is of no interest: an offer is no better than one that is made now.

    So is one of a deal that is unknown.
    """
    deal = snapshot.deal(*offer.deal)
    return deal is None or not present_bounds(deal).claim_beyond(offer)


def moments_of(offer: Offer) -> TimeSpan:
    """When what an offer was made from may have been read, by the clock of the record."""
    issued = datetime.fromtimestamp(offer.issued_at, UTC)
    stale = timedelta(seconds=settings.SHOWCASE_MAX_STALE)
    return TimeSpan(issued - stale - LEEWAY, issued + _SECOND + LEEWAY)


def history_of_points(points: Iterable[tuple[datetime, int, int | None]]) -> ValueHistory:
    """The history of a value, of which each point says what it was from an instant on.

    Before the first point it is taken to have been the same.

    :param points: instant, value, and the lowest that was set at that instant (None: just this
        one), in the order in which they were made
    """
    changes: list[RecordedChange] = []
    before: int | None = None
    for at, value, lowest in points:
        least = value if lowest is None else lowest
        changes.append(RecordedChange(at, value if before is None else before, least))
        if least != value:
            changes.append(RecordedChange(at, least, value))
        before = value
    return ValueHistory(tuple(changes))
