"""What the rows say about offers: uses, units taken, open claims; read with one query."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

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
from shop.sales.snapshot import Snapshot
from shop.sales.snapshot_queries import (
    assemble,
    instant,
    rows_by_kind,
    snapshot_querysets,
    union_rows,
)


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

    :param skus: the products, those of the offers included
    :param kept: what the shopper's cookie keeps past its hold
    """
    drafts = preview.is_on()
    rows = rows_by_kind(
        _facts_statement(connection.vendor, drafts).rows(
            {
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
    return Facts(
        shopper=shopper,
        now=now,
        snapshot=assemble(rows, drafts=drafts),
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
def _facts_statement(vendor: str, drafts: bool) -> CompiledQuery:
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
    return CompiledQuery.select(union_rows(queries))
