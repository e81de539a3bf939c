"""The snapshot, read from rows in one statement.

One statement, because it sees one state of the database: a price and the
nonce that anchors it never come from two moments; and because the bag may ask
one query at most. Each branch of the union yields (kind, JSON object).

In a preview, drafts are read as if they were published: at the reference
prices that they would be given.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, JSONObject

from offers.anchors import Extension, anchor_digest
from shop.catalog.models import Product, Variant
from shop.catalog.pictures import picture_of
from shop.core import preview
from shop.sales import models
from shop.sales.hold_end import SaleRecall
from shop.sales.reference_prices import reference_prices
from shop.sales.snapshot import (
    DealSnapshot,
    ProductSnapshot,
    SaleSnapshot,
    Snapshot,
    VariantSnapshot,
    list_price_deal,
)

#: Sales that ended longer ago than any hold lasts are not kept in memory.
KEPT_AFTER_END = timedelta(days=31)


type Row = dict[str, Any]


def read_snapshot(now: datetime, *, slug: str | None = None) -> Snapshot:
    """Everything on show: recent and coming sales, and all products.

    :param slug: this one sale instead, however old
    """
    wanted = Q(slug=slug) if slug else Q(ends_at__gt=now - KEPT_AFTER_END)
    drafts = preview.is_on()
    queries = snapshot_querysets(wanted, Product.objects.all(), drafts=drafts)
    # For pages of closed sales alone: the judge sees recalls by their nonces.
    queries["recall"] = models.Recall.objects.filter(deal=None).annotate(
        row=JSONObject(sale="sale_id", issued_before="issued_before", made_at="made_at")
    )
    return assemble(rows_by_kind(union_rows(queries)), drafts=drafts)


def snapshot_querysets(
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


def union_rows(queries: dict[str, QuerySet[Any, Any]]) -> QuerySet[Any, Any]:
    branches = [
        query.order_by().values_list(Value(kind), Cast("row", TextField()))
        for kind, query in queries.items()
    ]
    return branches[0].union(*branches[1:], all=True).order_by()


def rows_by_kind(union: Iterable[tuple[str, str]]) -> defaultdict[str, list[Row]]:
    rows: defaultdict[str, list[Row]] = defaultdict(list)
    for kind, row in union:
        rows[kind].append(json.loads(row))
    return rows


def assemble(rows: dict[str, list[Row]], *, drafts: bool) -> Snapshot:
    if drafts:
        _publish(rows)
    variants = _grouped(rows["variant"], "product")
    products = {row["id"]: _product(row, variants[row["id"]]) for row in rows["product"]}
    deals = _grouped(rows["deal"], "sale")
    extensions = _grouped(rows["extension"], "sale")
    recalls = _grouped(rows["recall"], "sale")
    hold = timedelta(seconds=settings.LIST_HOLD_SECONDS)
    sales = [
        _sale(row, deals[row["id"]], extensions[row["id"]], recalls[row["id"]], products)
        for row in rows["sale"]
    ]
    return Snapshot(
        sales={sale.slug: sale for sale in sales},
        products={product.sku: product for product in products.values()},
        list_deals={
            product.sku: list_price_deal(product, hold=hold, most=settings.LIST_MAX)
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


def _product(row: Row, variants: list[Row]) -> ProductSnapshot:
    variants.sort(key=_by_position)
    return ProductSnapshot(
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
            VariantSnapshot(each["id"], each["sku"], each["name"], each["left"])
            for each in variants
        ),
    )


def _sale(
    row: Row,
    deals: list[Row],
    extensions: list[Row],
    recalls: list[Row],
    products: dict[int, ProductSnapshot],
) -> SaleSnapshot:
    deals.sort(key=_by_position)
    hold = timedelta(seconds=row["hold"])
    recall_before = instant_or_none(row["recall_before"])
    more = tuple(Extension(instant(each["issued_before"]), each["seconds"]) for each in extensions)
    return SaleSnapshot(
        slug=row["slug"],
        title=row["title"],
        text=row["text"],
        picture=picture_of(row["picture"]) if row["picture"] else None,
        zone=ZoneInfo(row["zone"]),
        starts_at=instant(row["starts_at"]),
        ends_at=instant(row["ends_at"]),
        hold=hold,
        visible=row["state"] == models.Sale.State.PUBLISHED,
        extensions=more,
        recalls=tuple(
            SaleRecall.of(instant_or_none(each["issued_before"]), instant(each["made_at"]))
            for each in recalls
        ),
        deals=tuple(
            DealSnapshot(
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


def instant_or_none(text: str | None) -> datetime | None:
    return instant(text) if text else None


def instant(text: str) -> datetime:
    """A database's own spelling of an instant: with its offset, or in UTC without one."""
    read = datetime.fromisoformat(text)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read
