"""What the rows say about offers: uses, units taken, open claims; read with one query."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import Any

from django.db import connection
from django.db.models import Min, Q, QuerySet, Sum, TextField
from django.db.models.functions import Cast, JSONObject

from offers.terms import LIST, Offer
from shop.catalog.models import Product
from shop.core import preview
from shop.core.compiled_sql import CompiledQuery, InParameter, Parameter
from shop.core.shopper import Shopper
from shop.orders.limits import limit_key
from shop.orders.models import OPEN, OrderLine, OrderStatus
from shop.sales import models
from shop.sales.kept_prices import KeptPrices
from shop.sales.revisions import news_in_json, news_of
from shop.sales.showcase import showcase
from shop.sales.snapshot import Snapshot
from shop.sales.snapshot_queries import (
    KEPT_AFTER_END,
    assemble,
    instant,
    rows_by_kind,
    snapshot_querysets,
    union_rows,
)
from shop.sales.snapshot_refresh import with_units
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

    Where only units have changed since the showcase was read, the rest is taken from there.

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
        facts = _read_by_showcase(offers, skus=skus, shopper=shopper, now=now, kept=kept)
        facts = facts or read(with_record=False)
        if _are_within_terms(offers, facts.snapshot):
            return facts
    return read(with_record=True)


def _read_by_showcase(
    offers: Collection[Offer],
    *,
    skus: Collection[str],
    shopper: Shopper,
    now: datetime,
    kept: KeptPrices | None,
) -> Facts | None:
    """The facts with the showcase's snapshot, units brought up to date; one small query.

    None where that is not all: more than units has changed since it was read, nobody knows what
    has, or a sale ended so long ago that it is not in it any more.
    """
    reading = showcase.reading
    # What a transaction has changed itself may be undone.
    if reading is None or reading.news is None or connection.in_atomic_block:
        return None
    sales = reading.snapshot.sales
    if now < reading.now - KEPT_AFTER_END or any(
        each.sale != LIST and each.sale not in sales for each in offers
    ):
        return None
    statement = _uses_statement(connection.vendor)
    values = _values(offers, skus, shopper)
    rows: Mapping[str, list[Any]] = rows_by_kind(
        statement.rows({**values, "mark": reading.news.mark})
    )
    snapshot = with_units(reading, news_of(rows["news"]), skus)
    return None if snapshot is None else _facts(rows, snapshot, shopper, now, kept)


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
    statement = _facts_statement(connection.vendor, drafts, with_record)
    values = {
        **record_values(offers),
        **_values(offers, skus, shopper),
        "now": now,
        "sales": [offer.sale for offer in offers],
    }
    rows = rows_by_kind(statement.rows(values))
    snapshot = assemble(rows, drafts=drafts)
    record = read_record(rows, snapshot) if with_record else None
    return _facts(rows, snapshot, shopper, now, kept, record)


def _values(
    offers: Collection[Offer], skus: Collection[str], shopper: Shopper
) -> dict[str, list[str]]:
    return {
        "offers": [offer.id for offer in offers],
        "skus": list(skus),
        "shoppers": [limit_key(models.LimitUse.Kind.SHOPPER, each) for each in shopper.ids],
    }


def _facts(
    rows: Mapping[str, list[Any]],
    snapshot: Snapshot,
    shopper: Shopper,
    now: datetime,
    kept: KeptPrices | None,
    record: TermRecord | None = None,
) -> Facts:
    taken: defaultdict[int, int] = defaultdict(int)
    for row in rows["taken"]:
        taken[row["deal"]] += row["units"]
    return Facts(
        shopper=shopper,
        now=now,
        snapshot=snapshot,
        record=record,
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
    queries |= _use_querysets()
    if with_record:
        queries |= record_querysets()
    return CompiledQuery.select(union_rows(queries))


@cache
def _uses_statement(vendor: str) -> CompiledQuery:
    uses = CompiledQuery.select(union_rows(_use_querysets()))
    return CompiledQuery(
        f"{uses.sql} UNION ALL {news_in_json()}", (*uses.parameters, Parameter("mark"))
    )


def _use_querysets() -> dict[str, QuerySet[Any, Any]]:
    """Uses of the offers, and units that the shopper has of the products in orders."""
    products = Product.objects.filter(InParameter("sku", "skus"))
    used = models.Redemption.objects.filter(InParameter("jti", "offers"), released_at__isnull=True)
    taken = models.LimitUse.objects.filter(
        InParameter("key", "shoppers"),
        deal__product__in=products,
        kind=models.LimitUse.Kind.SHOPPER,
    )
    return {
        "use": used.annotate(row=JSONObject(jti="jti", order="order_number", shopper="shopper")),
        "taken": taken.annotate(row=JSONObject(deal="deal_id", units="units")),
    }
