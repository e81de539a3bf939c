"""When the last hold of a sale ends: changes of its terms, extensions and recalls counted."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.db.models import Prefetch, QuerySet, prefetch_related_objects

from offers.anchors import Extension
from shop.sales import models
from shop.sales.deal_recalls import DealRecall
from shop.sales.restored_offers import lost
from shop.sales.term_history import (
    HOLD_FIELDS,
    Stretch,
    TermChange,
    Terms,
    last_issue,
    next_whole_second,
    terms_history,
)

type LongerHold = Extension | models.Extension
type TakenBack = DealRecall | models.Recall


@dataclass(frozen=True, slots=True)
class SaleHolds:
    """All that decides when offers of a sale run out; ``recalls`` has those of each deal.

    ``lost``: stretches that a restored database knows nothing of, so that no terms bound them.
    """

    terms: Sequence[Terms]
    extensions: Sequence[LongerHold]
    recalls: Mapping[int, Sequence[TakenBack]]
    lost: Sequence[Stretch] = ()

    @property
    def closed_at(self) -> datetime:
        """When it made or makes its last offer: at its close, or when it was taken down.

        Of a sale that never made any, when it was to open.
        """
        stretches = (each.stretch() for each in self.terms)
        return max((each.last for each in stretches if each), default=self.terms[0].starts_at)

    @property
    def last_end(self) -> datetime:
        """The instant from which no offer of the sale is honored; its opening if it made none."""
        return self.end()

    def end(self, *, to_the_second: bool = False) -> datetime:
        """The same.

        :param to_the_second: as offers say when they were issued: the last one before a close at
            12:15:00 was issued at 12:14:59
        """
        ends = self._ends(to_the_second=to_the_second)
        return max(ends, default=self.terms[0].starts_at)

    def end_of_issued_before(
        self, instant: datetime, *, stale: timedelta = timedelta(0)
    ) -> datetime | None:
        """The instant from which no offer from before another one is honored, to the second.

        None where none was made by then.

        :param stale: how long pages may go on to show terms once others replaced them
        """
        ends = self._ends(to_the_second=True, issued_before=instant, stale=stale)
        return max(ends, default=None)

    def _ends(
        self,
        *,
        to_the_second: bool,
        issued_before: datetime | None = None,
        stale: timedelta = timedelta(0),
    ) -> Iterator[datetime]:
        # Most deals have no history of their own: None stands for them.
        particular = frozenset[int]().union(*(each.withdrawn for each in self.terms))
        alike = {
            (deal if deal in particular else None, tuple(recalls))
            for deal, recalls in self.recalls.items()
        }
        for deal, recalls in alike:
            made = (terms.stretch(deal, stale=stale) for terms in self.terms)
            for stretch in (*made, *self.lost):
                part = stretch.within(None, issued_before) if stretch else None
                if part is not None:
                    yield hold_end(part, self.extensions, recalls, to_the_second=to_the_second)


def hold_end(
    stretch: Stretch,
    extensions: Sequence[LongerHold],
    recalls: Sequence[TakenBack],
    *,
    to_the_second: bool = False,
) -> datetime:
    """The instant from which no offer of a deal that was made in a stretch is honored.

    The later an offer was issued, the later its hold ends, but for the extensions and recalls
    that it came too late for, or that began after it. So the last offers before each of those
    bounds count.
    """
    bounds = {next_whole_second(each.issued_before) for each in extensions}
    bounds.update(bound for each in recalls for bound in _bounds(each))
    first, end = stretch.first, stretch.last
    pieces = list(pairwise([first, *sorted(b for b in bounds if first < b < end), end]))
    if stretch.is_under_way:
        pieces.append((end, end))
    ends = []
    for since, until in pieces:
        last = last_issue(until) if to_the_second else until
        more = sum(
            each.seconds for each in extensions if since < next_whole_second(each.issued_before)
        )
        void = (each.made_at for each in recalls if _reaches(each, since, stretch))
        ends.append(min([last + stretch.hold + timedelta(seconds=more), *void]))
    return max(ends)


def deal_hold_ends(
    history: Iterable[Terms],
    deal: int,
    extensions: Sequence[LongerHold],
    recalls: Sequence[TakenBack],
    *,
    now: datetime,
    stale: timedelta,
    issued_from: datetime | None = None,
    issued_before: datetime | None = None,
) -> Iterator[tuple[Terms, datetime]]:
    """The terms under which offers of a deal were made by now, and when the last of each ends.

    :param stale: how long pages may go on to show terms once others replaced them
    :param issued_from: only offers issued from then on, as only those before ``issued_before``
    """
    for terms in history:
        made = terms.stretch(deal, until=now, stale=stale)
        part = made.within(issued_from, issued_before) if made else None
        if part is not None:
            yield terms, hold_end(part, extensions, recalls)


def _bounds(recall: TakenBack) -> Iterable[datetime]:
    if recall.issued_from is not None:
        yield recall.issued_from
    yield next_whole_second(recall.issued_before) if recall.issued_before else recall.made_at


def _reaches(recall: TakenBack, issued: datetime, stretch: Stretch) -> bool:
    """Whether a recall voids an offer of a stretch that was issued at an instant."""
    if recall.issued_from is not None and issued < recall.issued_from:
        return False
    if recall.issued_before is not None:
        return issued < next_whole_second(recall.issued_before)
    # What a stale page still makes, by terms that were replaced before, has the old anchor.
    is_stale = stretch.replaced_at is not None and stretch.replaced_at <= recall.made_at
    return is_stale or issued < recall.made_at


def with_hold_rows(
    sales: QuerySet[models.Sale], deals: QuerySet[models.Deal] | None = None
) -> QuerySet[models.Sale]:
    """Sales with the rows that ``holds_of`` needs, in five queries for all of them.

    :param deals: all deals, with what else is wanted of them; they come as ``hold_deals``
    """
    return sales.prefetch_related(*_hold_rows(deals))


def _hold_rows(deals: QuerySet[models.Deal] | None = None) -> "tuple[Prefetch[Any], ...]":
    changes = models.Change.objects.filter(field__in=HOLD_FIELDS)
    return (
        Prefetch("deals", models.Deal.objects.all() if deals is None else deals, "hold_deals"),
        Prefetch("changes", changes, "hold_changes"),
        Prefetch("extensions", models.Extension.objects.all(), "hold_extensions"),
        Prefetch("recalls", models.Recall.objects.all(), "hold_recalls"),
        Prefetch("restored_sales", models.RestoredSale.objects.all(), "hold_restored"),
    )


def holds_of(sale: models.Sale) -> SaleHolds:
    """What a sale's rows say; five queries, none for a sale of ``with_hold_rows``."""
    rows: Any = sale
    if not hasattr(sale, "hold_deals"):
        # A copy: the next to ask reads anew.
        rows = copy(sale)
        prefetch_related_objects([rows], *_hold_rows())
    present = present_terms(sale, rows.hold_deals)
    changes = (TermChange.of(each) for each in reversed(rows.hold_changes))
    return SaleHolds(
        tuple(terms_history(present, changes)),
        rows.hold_extensions,
        {deal.pk: recalls_of(deal, rows.hold_recalls) for deal in rows.hold_deals},
        lost(rows.hold_restored),
    )


def recalls_of(deal: models.Deal, recalls: Iterable[models.Recall]) -> list[models.Recall]:
    """The recalls of a sale that concern one of its deals."""
    return [each for each in recalls if each.deal_id in {None, deal.pk}]


def present_terms(sale: models.Sale, deals: Sequence[models.Deal]) -> Terms:
    """The terms of a sale now; of one that was never published, its plans."""
    return Terms(
        starts_at=sale.starts_at,
        ends_at=sale.ends_at,
        hold=sale.hold,
        is_published=sale.published_at is None or sale.state == models.Sale.State.PUBLISHED,
        withdrawn=frozenset(deal.pk for deal in deals if deal.withdrawn),
        amounts={deal.pk: deal.price for deal in deals},
        since=sale.published_at,
    )


def last_hold_ends_at(sale: models.Sale) -> datetime:
    """When the last hold of a sale ends, as its rows say it."""
    return holds_of(sale).last_end
