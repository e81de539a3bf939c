"""At which prices a product could be bought, and when: by the list prices and sales on record.

A price counts while the product was on show and could be bought at it: a deal's while its sale
was published, its window open and the deal not withdrawn; the list price while the product was
sold at it. What is in force now is taken to stay so.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from django.db.models import Prefetch, Q

from offers.terms import LIST
from shop.catalog.models import PriceCorrection, PricePoint
from shop.sales.hold_end import present_terms
from shop.sales.models import Change, Deal, Sale
from shop.sales.term_history import HOLD_FIELDS, TermChange, Terms, terms_history


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceStretch:
    """A time, ``[since, until)``, in which a product had one price, in minor units.

    ``product`` is a key, ``sale`` a slug or ``list``. ``until`` None: no end of it is known.
    ``could_be_bought`` None: nobody recorded whether it could. ``correction``: what took it back.
    """

    product: int
    sale: str
    amount: int
    since: datetime
    until: datetime | None
    could_be_bought: bool | None
    correction: PriceCorrection | None = None

    @property
    def counts(self) -> bool:
        """Whether reference prices count it."""
        return bool(self.could_be_bought) and self.correction is None

    def overlaps(self, since: datetime, until: datetime) -> bool:
        """Whether it has an instant of ``[since, until)``."""
        return self.since < until and (self.until is None or self.until > since)


def price_stretches(
    products: Collection[int], *, since: datetime, until: datetime
) -> list[PriceStretch]:
    """The prices of products that were, or will be, in force in ``[since, until)``.

    Those at which nobody could buy are among them, and those that were taken back. Takes five
    queries for any number of products, deals and changes.
    """
    points = PricePoint.objects.filter(product__in=products).order_by("product", "since")
    corrections = defaultdict(list)
    for each in PriceCorrection.objects.filter(product__in=products).select_related("made_by"):
        corrections[each.product_id, each.sale, each.amount].append(each)
    return [
        piece
        for stretch in (*_of_list_prices(points), *_of_sales(products, since))
        for piece in _corrected(stretch, corrections[stretch.product, stretch.sale, stretch.amount])
        if piece.overlaps(since, until)
    ]


def _corrected(
    stretch: PriceStretch, corrections: Iterable[PriceCorrection]
) -> Iterator[PriceStretch]:
    """A stretch in pieces: what was taken back of it, and what was not."""
    rest = stretch
    for each in sorted(corrections, key=lambda each: each.since):
        if not rest.overlaps(each.since, each.until):
            continue
        if rest.since < each.since:
            yield replace(rest, until=each.since)
        since, until = max(rest.since, each.since), each.until
        if rest.until is not None and rest.until <= until:
            yield replace(rest, since=since, correction=each)
            return
        yield replace(rest, since=since, until=until, correction=each)
        rest = replace(rest, since=until)
    yield rest


def _of_list_prices(points: Iterable[PricePoint]) -> Iterator[PriceStretch]:
    """:param points: by product, then by instant"""
    for point, after in pairwise([*points, None]):
        assert point is not None
        until = after.since if after and after.product_id == point.product_id else None
        yield PriceStretch(
            product=point.product_id,
            sale=LIST,
            amount=point.amount,
            since=point.since,
            until=until,
            could_be_bought=point.could_be_bought,
        )


def _of_sales(products: Collection[int], from_then: datetime) -> Iterator[PriceStretch]:
    """The prices of deals, from an instant on."""
    changes = Change.objects.filter(
        Q(deal=None) | Q(deal__product__in=products),
        field__in=(*HOLD_FIELDS, "price"),
        made_at__gt=from_then,
    ).order_by("-made_at", "-id")
    # A sale whose window is over, and was not moved since then, asked nothing since then.
    may_matter = Q(ends_at__gt=from_then) | Q(pk__in=changes.order_by().values("sale"))
    sales = Sale.objects.filter(
        may_matter,
        published_at__isnull=False,
        pk__in=Deal.objects.filter(product__in=products).order_by().values("sale"),
    ).prefetch_related(
        Prefetch("deals", Deal.objects.filter(product__in=products)),
        Prefetch("changes", changes),
    )
    for sale in sales:
        deals = list(sale.deals.all())
        entries = (TermChange.of(each) for each in sale.changes.all())
        history = [*terms_history(present_terms(sale, deals), entries)][::-1]
        for deal in deals:
            yield from _joined(_of_deal(sale, deal, history, from_then))


def _of_deal(
    sale: Sale, deal: Deal, history: Iterable[Terms], from_then: datetime
) -> Iterator[PriceStretch]:
    """:param history: the terms of the sale, the earliest first"""
    for terms in history:
        since = max(terms.since or from_then, terms.starts_at, from_then)
        until = terms.ends_at
        if terms.ended_at is not None:
            until = min(until, terms.ended_at)
        if since < until:
            yield PriceStretch(
                product=deal.product_id,
                sale=sale.slug,
                amount=terms.amounts[deal.pk],
                since=since,
                until=until,
                could_be_bought=terms.is_published and deal.pk not in terms.withdrawn,
            )


def _joined(stretches: Iterable[PriceStretch]) -> list[PriceStretch]:
    """Stretches of one deal, those of the same price that follow each other as one."""
    joined: list[PriceStretch] = []
    for each in stretches:
        last = joined[-1] if joined else None
        if (
            last
            and last.until == each.since
            and each == replace(last, since=each.since, until=each.until)
        ):
            joined[-1] = replace(last, until=each.until)
        else:
            joined.append(each)
    return joined
