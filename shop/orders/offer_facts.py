"""What the rows say about offers: uses, units taken, open claims; read with one query."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial

from django.db import connection
from django.db.models import Min, Q, Sum, TextField
from django.db.models.functions import Cast, JSONObject

from offers.terms import Offer
from shop.catalog.models import Product
from shop.core import preview
from shop.core.compiled_sql import CompiledQuery, InParameter, Parameter
from shop.core.shopper import Shopper
from shop.orders.limits import limit_key
from shop.orders.models import OPEN, OrderLine, OrderStatus
from shop.sales import models
from shop.sales.kept_prices import KeptPrices
from shop.sales.showcase import showcase
from shop.sales.snapshot import Snapshot
from shop.sales.snapshot_queries import (
    assemble,
    instant,
    rows_by_kind,
    snapshot_querysets,
    union_rows,
)
from shop.sales.term_record import TermRecord, is_within_terms_of_now
from shop.sales.term_record_queries import read_record, record_querysets, record_values


@dataclass(frozen=True, slots=True)
class OfferUse:
    """The order that uses an offer, and its shopper."""

    order_number: str
    shopper: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenClaims:
    """Units of a variant that open orders of a deal (or at list price) have claimed.

    ``lapses_at``: when the earliest open claim expires. ``next_free_at``: when its
    units return to stock unless it is paid; None while banks work on all of them.
    """

    variant: int
    deal: int | None
    units: int
    lapses_at: datetime
    next_free_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the rows say at ``now``: a snapshot, uses of offers by ``jti``, units taken by deal."""

    shopper: Shopper
    now: datetime
    snapshot: Snapshot
    uses: Mapping[str, OfferUse] = field(default_factory=dict)
    #: Units that the shopper has in orders.
    units_taken: Mapping[int, int] = field(default_factory=dict)
    #: What offers can have said. None bounds nothing: all are within the terms of now, or nobody
    #: looked, as in a preview.
    record: TermRecord | None = None
    #: Looked up only where something is not to be had because of orders; None elsewhere.
    open_claims: Collection[OpenClaims] | None = None
    #: Offers that are honored past their hold, by the shopper's own cookie.
    kept: KeptPrices = field(default_factory=KeptPrices)
    #: Not from rows: the database was away, and the showcase stands in.
    is_provisional: bool = False


def read_facts(
    offers: Collection[Offer],
    *,
    skus: Collection[str],
    shopper: Shopper,
    now: datetime,
    kept: KeptPrices | None = None,
) -> Facts:
    """What has to be known to judge offers, and to say what products cost now.

    The record of terms is read where an offer is better than what is on show: with the same query,
    but for terms that have changed since the showcase was read, a second ago.

    :param skus: the products, those of the offers included
    :param kept: what the shopper's cookie keeps past its hold
    """
    read = partial(_read, offers, skus=skus, shopper=shopper, now=now, kept=kept)
    # What a preview signs is worth nothing, and its instants are in no order.
    if preview.is_on():
        return read(with_record=False)
    on_show = showcase.latest
    if on_show is not None and _are_within_terms(offers, on_show):
        facts = read(with_record=False)
        if _are_within_terms(offers, facts.snapshot):
            return facts
    return read(with_record=True)


def _are_within_terms(offers: Collection[Offer], snapshot: Snapshot) -> bool:
    return all(is_within_terms_of_now(each, snapshot) for each in offers)


def _read(
    offers: Collection[Offer],
    *,
    skus: Collection[str],
    shopper: Shopper,
    now: datetime,
    kept: KeptPrices | None,
    with_record: bool,
) -> Facts:
    drafts = preview.is_on()
    rows = rows_by_kind(
        _facts_statement(connection.vendor, drafts, with_record).rows(
            {
                **record_values(offers),
                "now": now,
                "sales": [offer.sale for offer in offers],
                "offers": [offer.id for offer in offers],
                "skus": list(skus),
                "shoppers": [limit_key(models.LimitUse.Kind.SHOPPER, each) for each in shopper.ids],
            }
        )
    )
    taken: defaultdict[int, int] = defaultdict(int)
    for row in rows["taken"]:
        taken[row["deal"]] += row["units"]
    snapshot = assemble(rows, drafts=drafts)
    return Facts(
        shopper=shopper,
        now=now,
        snapshot=snapshot,
        record=read_record(rows, snapshot) if with_record else None,
        uses={row["jti"]: OfferUse(row["order"], row["shopper"]) for row in rows["use"]},
        units_taken=taken,
        kept=kept or KeptPrices(),
    )


def open_claims(skus: Collection[str]) -> list[OpenClaims]:
    """The open claims on products with these skus; one query."""
    return [
        OpenClaims(
            variant=variant,
            deal=deal,
            units=units,
            lapses_at=instant(lapses_at),
            next_free_at=instant(next_free_at) if next_free_at else None,
        )
        for variant, deal, units, lapses_at, next_free_at in _claims_statement(
            connection.vendor
        ).rows({"skus": [*skus]})
    ]


@cache
def _claims_statement(vendor: str) -> CompiledQuery:
    at_no_bank = ~Q(order__status=OrderStatus.PROCESSING)
    lapse, next_free = Min("order__lapses_at"), Min("order__lapses_at", filter=at_no_bank)
    lines = OrderLine.objects.filter(
        InParameter("variant__product__sku", "skus"), order__status__in=OPEN
    )
    return CompiledQuery.select(
        lines.order_by()
        .values("variant", "deal")
        .annotate(
            units=Sum("quantity"),
            lapse=Cast(lapse, TextField()),
            next_free=Cast(next_free, TextField()),
        )
    )


@cache
def _facts_statement(vendor: str, drafts: bool, with_record: bool) -> CompiledQuery:
    products = Product.objects.filter(InParameter("sku", "skus"))
    wanted = Q(ends_at__gt=Parameter("now")) | Q(InParameter("slug", "sales"))
    queries = snapshot_querysets(wanted, products, drafts=drafts)
    queries["use"] = models.Redemption.objects.filter(
        InParameter("jti", "offers"), released_at__isnull=True
    ).annotate(row=JSONObject(jti="jti", order="order_number", shopper="shopper"))
    queries["taken"] = models.LimitUse.objects.filter(
        InParameter("key", "shoppers"),
        deal__product__in=products,
        kind=models.LimitUse.Kind.SHOPPER,
    ).annotate(row=JSONObject(deal="deal_id", units="units"))
    if with_record:
        queries |= record_querysets()
    return CompiledQuery.select(union_rows(queries))
