"""Goods read from rows, in one statement.

One statement, because it sees one state of the database: a price and the
nonce that anchors it never come from two moments; and because the bag may ask
one query at most. Each branch of the union yields (kind, JSON object).

In a preview, drafts are read as if they were published: at the reference
prices that they would be given.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import F, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, JSONObject
from django.utils.crypto import salted_hmac

from offers.anchors import Extension, anchor_digest
from offers.terms import Offer
from shop.catalog.models import Product, Variant
from shop.catalog.pictures import picture_of
from shop.core import preview
from shop.core.compiled_sql import Given, IsAmong, Prepared
from shop.sales import models
from shop.sales.lifecycle import reference_prices
from shop.sales.snapshot import Deal, Goods, ProductOnShow, SaleOnShow, VariantOnShow, list_deal

#: Sales that ended longer ago than any hold lasts are not kept in memory.
KEPT_AFTER_END = timedelta(days=31)

type Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class OfferUse:
    """Which order uses an offer, and for which shopper."""

    order_number: str
    shopper: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenClaims:
    """Units of a variant that orders of a deal (or at list price) have claimed and not paid.

    ``lapses_at`` is when the first of them has had its time, ``next_free_at`` when
    the first comes free unless it is paid by then: one that a bank works on may
    outlast its time, and nobody but the bank can say by how much.
    """

    variant: int
    deal: int | None
    units: int
    lapses_at: datetime
    next_free_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the rows say: goods, uses of offers by ``jti``, units taken by deal."""

    goods: Goods
    uses: dict[str, OfferUse]
    units_taken: dict[int, int]
    #: Looked up only where something is not to be had because of orders; None elsewhere.
    open_claims: Collection[OpenClaims] | None = None
    #: Not from rows: the database was away, and the showcase stands in.
    is_provisional: bool = False


def limit_key(kind: models.LimitUse.Kind, value: str) -> str:
    """The keyed hash under which someone's units are counted."""
    return salted_hmac(f"limit use: {kind}", value, algorithm="sha256").hexdigest()


def read_goods(now: datetime, *, slug: str | None = None) -> Goods:
    """Everything on show: recent and coming sales, and all products.

    :param slug: this one sale instead, however old
    """
    wanted = Q(slug=slug) if slug else Q(ends_at__gt=now - KEPT_AFTER_END)
    drafts = preview.is_on()
    queries = _goods_queries(wanted, Product.objects.all(), drafts=drafts)
    return _assemble(_by_kind(_union(queries)), drafts=drafts)


def read_facts(
    offers: Collection[Offer], *, skus: Collection[str], shoppers: Collection[str], now: datetime
) -> Facts:
    """What has to be known to judge offers, and to say what products cost now.

    :param skus: the products, those of the offers included
    :param shoppers: whose units in earlier orders count
    """
    drafts = preview.is_on()
    rows = _by_kind(
        _facts_statement(connection.vendor, drafts).rows(
            {
                "now": now,
                "sales": [offer.sale for offer in offers],
                "offers": [offer.id for offer in offers],
                "skus": list(skus),
                "shoppers": [limit_key(models.LimitUse.Kind.SHOPPER, each) for each in shoppers],
            }
        )
    )
    taken: defaultdict[int, int] = defaultdict(int)
    for row in rows["taken"]:
        taken[row["deal"]] += row["units"]
    return Facts(
        goods=_assemble(rows, drafts=drafts),
        uses={row["jti"]: OfferUse(row["order"], row["shopper"]) for row in rows["use"]},
        units_taken=dict(taken),
    )


@cache
def _facts_statement(vendor: str, drafts: bool) -> Prepared:
    """The statement of ``read_facts``, in a database's dialect."""
    products = Product.objects.filter(IsAmong("sku", "skus"))
    wanted = Q(ends_at__gt=Given("now")) | Q(IsAmong("slug", "sales"))
    queries = _goods_queries(wanted, products, drafts=drafts)
    queries["use"] = models.Redemption.objects.filter(
        IsAmong("jti", "offers"), released_at__isnull=True
    ).annotate(row=JSONObject(jti="jti", order="order_number", shopper="shopper"))
    queries["taken"] = models.LimitUse.objects.filter(
        IsAmong("key", "shoppers"),
        deal__product__in=products,
        kind=models.LimitUse.Kind.SHOPPER,
    ).annotate(row=JSONObject(deal="deal_id", units="units"))
    return Prepared.select(_union(queries))


def _goods_queries(
    wanted: Q, products: QuerySet[Product, Product], *, drafts: bool
) -> dict[str, QuerySet[Any, Any]]:
    known = Q(published_at__isnull=False)
    if drafts:
        known |= Q(state=models.Sale.State.DRAFT)
    sales = models.Sale.objects.filter(wanted, known)
    return {
        "sale": sales.annotate(
            row=JSONObject(
                id="id",
                slug="slug",
                title="title",
                text="text",
                picture="picture",
                zone="time_zone",
                starts_at="starts_at",
                ends_at="ends_at",
                hold="hold_seconds",
                delayed_payment="delayed_payment",
                state="state",
                nonce="nonce",
                recall_before="recall_before",
                recall_reason="recall_reason",
            )
        ),
        "extension": models.Extension.objects.filter(sale__in=sales).annotate(
            row=JSONObject(sale="sale_id", issued_before="issued_before", seconds="seconds")
        ),
        "deal": models.Deal.objects.filter(sale__in=sales, product__in=products).annotate(
            row=JSONObject(
                id="id",
                sale="sale_id",
                product="product_id",
                position="position",
                price="price",
                was="was",
                allocation="allocation",
                claimed="claimed",
                max="max_per_shopper",
                withdrawn="withdrawn",
                nonce="nonce",
                recall_reason="recall_reason",
            )
        ),
        "product": products.annotate(
            row=JSONObject(
                id="id",
                sku="sku",
                slug="slug",
                name="name",
                text="text",
                picture="picture",
                list_price="list_price",
                currency="currency",
                sold_at_list_price="sold_at_list_price",
                nonce="nonce",
            )
        ),
        "variant": Variant.objects.filter(product__in=products).annotate(
            row=JSONObject(
                id="id",
                product="product_id",
                sku="sku",
                name="name",
                position="position",
                left=F("stock") - F("claimed"),
            )
        ),
    }


def _union(queries: dict[str, QuerySet[Any, Any]]) -> QuerySet[Any, Any]:
    branches = [
        query.order_by().values_list(Value(kind), Cast("row", TextField()))
        for kind, query in queries.items()
    ]
    return branches[0].union(*branches[1:], all=True).order_by()


def _by_kind(union: Iterable[tuple[str, str]]) -> defaultdict[str, list[Row]]:
    rows: defaultdict[str, list[Row]] = defaultdict(list)
    for kind, row in union:
        rows[kind].append(json.loads(row))
    return rows


def _assemble(rows: dict[str, list[Row]], *, drafts: bool) -> Goods:
    if drafts:
        _publish(rows)
    variants = _grouped(rows["variant"], "product")
    products = {row["id"]: _product(row, variants[row["id"]]) for row in rows["product"]}
    deals = _grouped(rows["deal"], "sale")
    extensions = _grouped(rows["extension"], "sale")
    hold = timedelta(seconds=settings.LIST_HOLD_SECONDS)
    sales = [_sale(row, deals[row["id"]], extensions[row["id"]], products) for row in rows["sale"]]
    return Goods(
        sales={sale.slug: sale for sale in sales},
        products={product.sku: product for product in products.values()},
        list_deals={
            product.sku: list_deal(product, hold=hold, most=settings.LIST_MAX)
            for product in products.values()
        },
    )


def _publish(rows: dict[str, list[Row]]) -> None:
    """Make published ones of drafts, as far as it can be seen."""
    for row in rows["sale"]:
        if row["state"] == models.Sale.State.DRAFT:
            row["state"] = models.Sale.State.PUBLISHED
    fixed = reference_prices(row["id"] for row in rows["deal"] if row["was"] is None)
    for row in rows["deal"]:
        row["was"] = row["was"] or fixed.get(row["id"])


def _grouped(rows: Iterable[Row], key: str) -> defaultdict[int, list[Row]]:
    groups: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return groups


def _product(row: Row, variants: list[Row]) -> ProductOnShow:
    variants.sort(key=_by_position)
    return ProductOnShow(
        id=row["id"],
        sku=row["sku"],
        slug=row["slug"],
        name=row["name"],
        text=row["text"],
        picture=picture_of(row["picture"]),
        list_price=row["list_price"],
        currency=row["currency"],
        sold_at_list_price=bool(row["sold_at_list_price"]),
        nonce=row["nonce"],
        variants=tuple(
            VariantOnShow(each["id"], each["sku"], each["name"], each["left"]) for each in variants
        ),
    )


def _sale(
    row: Row, deals: list[Row], extensions: list[Row], products: dict[int, ProductOnShow]
) -> SaleOnShow:
    deals.sort(key=_by_position)
    hold = timedelta(seconds=row["hold"])
    recall_before = instant(row["recall_before"]) if row["recall_before"] else None
    more = tuple(Extension(instant(each["issued_before"]), each["seconds"]) for each in extensions)
    return SaleOnShow(
        slug=row["slug"],
        title=row["title"],
        text=row["text"],
        picture=picture_of(row["picture"]) if row["picture"] else None,
        zone=ZoneInfo(row["zone"]),
        starts_at=instant(row["starts_at"]),
        ends_at=instant(row["ends_at"]),
        hold=hold,
        visible=row["state"] == models.Sale.State.PUBLISHED,
        deals=tuple(
            Deal(
                id=each["id"],
                sale=row["slug"],
                product=products[each["product"]],
                amount=each["price"],
                was=each["was"] or products[each["product"]].list_price,
                max=each["max"],
                hold=hold,
                anchor=anchor_digest(row["nonce"], each["nonce"]),
                allocation=each["allocation"],
                claimed=each["claimed"],
                withdrawn=bool(each["withdrawn"]),
                delayed_payment=bool(row["delayed_payment"]),
                recall_before=recall_before,
                recall_reason=each["recall_reason"] or row["recall_reason"],
                extensions=more,
            )
            for each in deals
        ),
    )


def _by_position(row: Row) -> tuple[int, int]:
    return row["position"], row["id"]


def instant(text: str) -> datetime:
    """A database's own spelling of an instant: with its offset, or in UTC without one."""
    read = datetime.fromisoformat(text)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read
