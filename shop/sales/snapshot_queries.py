"""The snapshot, read from rows in one statement.

One statement sees one state of the database: a price and the nonce that anchors it
never come from two moments. Each branch of the union yields (kind, JSON object).

In a preview, drafts are read as if they were published.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter, itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F, Model, Q, QuerySet, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, JSONObject

from offers.anchors import Extension, anchor_digest
from offers.terms import LIST
from shop.catalog.models import PriceCorrection, Product, Variant
from shop.catalog.pictures import picture_of
from shop.core import preview
from shop.sales import models
from shop.sales.deal_recalls import DealRecall, RecallRow, deal_recalls
from shop.sales.product_snapshot import ProductSnapshot, VariantSnapshot
from shop.sales.reference_prices import reference_prices
from shop.sales.restored_offers import RestoredStretch, list_recalls
from shop.sales.snapshot import DealSnapshot, SaleSnapshot, Snapshot
from shop.sales.term_history import HOLD_FIELDS, TermChange

#: Sales that ended longer ago than any hold lasts are not kept in memory.
KEPT_AFTER_END = timedelta(days=31)

type Row = dict[str, Any]


def _json(
    snapshot: type, model: type[Model], *columns: str, **renamed: str | Combinable
) -> JSONObject:
    """A row as an object of the columns that its snapshot has too, and of others."""
    own = {each.name for each in model._meta.concrete_fields}
    shared = (each.name for each in fields(snapshot) if each.name in own)
    return JSONObject(**{name: name for name in (*shared, *columns)}, **renamed)


# What is not an attribute of the snapshot is taken out where the row becomes one.
_SALE = _json(
    *(SaleSnapshot, models.Sale),
    *("state", "delayed_payment", "nonce"),
    zone="time_zone",
    hold="hold_seconds",
)
_EXTENSION = JSONObject(sale="sale_id", issued_before="issued_before", seconds="seconds")
_RECALL = JSONObject(
    **{name: name for name in ("id", "deal", "issued_from", "issued_before", "made_at", "reason")},
    sale="sale_id",
    nonce="replaced_nonce",
)
_CORRECTION = JSONObject(
    **{name: name for name in ("id", "issued_before", "made_at", "reason")},
    product="product_id",
    issued_from="since",
    nonce="replaced_nonce",
)
_CHANGE = JSONObject(
    **{name: name for name in ("id", "field", "deal", "made_at")},
    sale="sale_id",
    before=Cast("before", TextField()),
)
_RESTORED = JSONObject(
    **{
        name: name
        for name in (
            *("id", "issued_from", "issued_before", "decision", "decided_at"),
            *("recalled_from", "recalled_before", "reason"),
        )
    },
    sale="sale_id",
)
_RESTORED_INSTANTS = (
    *("issued_from", "issued_before", "decided_at"),
    *("recalled_from", "recalled_before"),
)
_DEAL = _json(DealSnapshot, models.Deal, "nonce", amount="price", max="max_per_shopper")
_PRODUCT = _json(ProductSnapshot, Product)
_VARIANT = _json(VariantSnapshot, Variant, "product", left=F("stock") - F("claimed"))


def read_snapshot(now: datetime, *, slug: str | None = None) -> Snapshot:
    """Everything on show: recent and coming sales, and all products.

    :param slug: this one sale instead, however old
    """
    wanted = Q(slug=slug) if slug else Q(ends_at__gt=now - KEPT_AFTER_END)
    drafts = preview.is_on()
    queries = showcase_querysets(wanted, Product.objects.all(), drafts=drafts)
    return assemble(rows_by_kind(union_rows(queries)), drafts=drafts)


def showcase_querysets(
    wanted: Q, products: QuerySet[Product, Product], *, drafts: bool
) -> dict[str, QuerySet[Any, Any]]:
    queries = snapshot_querysets(wanted, products, drafts=drafts)
    # For pages alone: the judge asks what offers say, not what terms they were made by.
    changes = models.Change.objects.filter(
        sale__in=models.Sale.objects.filter(wanted),
        field__in=HOLD_FIELDS,
        made_at__gte=F("sale__published_at"),
    )
    return queries | {"change": changes.annotate(row=_CHANGE)}


def snapshot_querysets(
    wanted: Q, products: QuerySet[Product, Product], *, drafts: bool
) -> dict[str, QuerySet[Any, Any]]:
    known = Q(published_at__isnull=False)
    if drafts:
        known |= Q(state=models.Sale.State.DRAFT)
    sales = models.Sale.objects.filter(wanted, known)
    return {
        "sale": sales.annotate(row=_SALE),
        "extension": models.Extension.objects.filter(sale__in=sales).annotate(row=_EXTENSION),
        "recall": models.Recall.objects.filter(sale__in=sales).annotate(row=_RECALL),
        "deal": models.Deal.objects.filter(sale__in=sales, product__in=products).annotate(
            row=_DEAL
        ),
        "product": products.annotate(row=_PRODUCT),
        "correction": PriceCorrection.objects.filter(
            sale=LIST, was_on_show=True, product__in=products
        ).annotate(row=_CORRECTION),
        "variant": Variant.objects.filter(product__in=products).annotate(row=_VARIANT),
        "restored": models.RestoredSale.objects.filter(Q(sale__in=sales) | Q(sale=None)).annotate(
            row=_RESTORED
        ),
        "closed": models.Restoration.objects.filter(learned_at=None).annotate(
            row=JSONObject(id="id")
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
    corrections = _grouped(rows["correction"], "product")
    products = {row["id"]: _product(row, variants[row["id"]]) for row in rows["product"]}
    kinds = ("deal", "extension", "recall", "change", "restored")
    of_sales = {kind: _grouped(rows[kind], "sale") for kind in kinds}
    sales = [
        _sale(row, products, {kind: groups[row["id"]] for kind, groups in of_sales.items()})
        for row in sorted(rows["sale"], key=_by_id)
    ]
    at_list = _restored(of_sales["restored"][None])
    recalled_at_list = list_recalls(at_list)
    return Snapshot(
        sales={sale.slug: sale for sale in sales},
        products={product.sku: product for product in products.values()},
        skus_by_key={key: product.sku for key, product in products.items()},
        list_deals={
            product.sku: DealSnapshot(
                sale=LIST,
                product=product,
                amount=product.list_price,
                was=product.list_price,
                max=settings.LIST_MAX,
                hold=timedelta(seconds=settings.LIST_HOLD_SECONDS),
                anchor=anchor_digest(LIST, product.nonce),
                recalls=_list_recalls(product, corrections[product.id]) + recalled_at_list,
                restored=at_list,
            )
            for product in products.values()
        },
        is_checkout_closed=bool(rows["closed"]),
    )


def _restored(rows: Iterable[Row]) -> tuple[RestoredStretch, ...]:
    """What a restored database may have forgotten of a sale's offers, or of those at list."""
    stretches = []
    for row in sorted(rows, key=_by_id):
        del row["id"]
        read = {name: row[name] and instant(row[name]) for name in _RESTORED_INSTANTS}
        stretches.append(RestoredStretch(**(row | read)))
    return tuple(stretches)


def _list_recalls(product: ProductSnapshot, corrections: list[Row]) -> tuple[DealRecall, ...]:
    """What was taken back of the offers of a product at its list price."""
    if not corrections:
        return ()
    rows = [_recall(row | {"deal": product.id}) for row in sorted(corrections, key=_by_id)]
    # An offer says in whole seconds when it was issued, rounded down.
    whole = [
        replace(row, issued_from=row.issued_from and row.issued_from.replace(microsecond=0))
        for row in rows
    ]
    return deal_recalls(whole, product.id, LIST, product.nonce)


def _publish(rows: dict[str, list[Row]]) -> None:
    """Make drafts look published."""
    for row in rows["sale"]:
        if row["state"] == models.Sale.State.DRAFT:
            row["state"] = models.Sale.State.PUBLISHED
    fixed = reference_prices(row["id"] for row in rows["deal"] if row["was"] is None)
    for row in rows["deal"]:
        row["was"] = row["was"] or fixed.get(row["id"])


def _grouped(rows: Iterable[Row], key: str) -> defaultdict[int | None, list[Row]]:
    groups: defaultdict[int | None, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.pop(key)].append(row)
    return groups


_by_id, _by_position = itemgetter("id"), itemgetter("position", "id")


def _product(row: Row, variants: list[Row]) -> ProductSnapshot:
    row["picture"] = picture_of(row["picture"])
    row["sold_at_list_price"] = bool(row["sold_at_list_price"])
    units = tuple(VariantSnapshot(**each) for each in sorted(variants, key=_by_position))
    return ProductSnapshot(**row, variants=units)


def _sale(
    row: Row, products: dict[int, ProductSnapshot], of_sale: dict[str, list[Row]]
) -> SaleSnapshot:
    row["picture"] = picture_of(row["picture"]) if row["picture"] else None
    row["zone"] = ZoneInfo(row["zone"])
    for name in ("starts_at", "ends_at", "published_at"):
        row[name] = row[name] and instant(row[name])
    row["hold"] = timedelta(seconds=row["hold"])
    row["visible"] = row.pop("state") == models.Sale.State.PUBLISHED
    row["extensions"] = tuple(
        Extension(instant(each["issued_before"]), each["seconds"]) for each in of_sale["extension"]
    )
    row["restored"] = _restored(of_sale["restored"])
    changes = map(_change, sorted(of_sale["change"], key=_by_id))
    row["changes"] = tuple(sorted(changes, key=attrgetter("made_at")))[::-1]
    nonce = row.pop("nonce")
    shared = {
        "sale": row["slug"],
        "hold": row["hold"],
        "extensions": row["extensions"],
        "restored": row["restored"],
        "delayed_payment": bool(row.pop("delayed_payment")),
    }
    recalls = [_recall(each) for each in sorted(of_sale["recall"], key=_by_id)]
    deals = sorted(of_sale["deal"], key=_by_position)
    for deal in deals:
        deal["product"] = products[deal["product"]]
        # Nothing is struck through that was not higher.
        deal["was"] = max(deal["was"] or 0, deal["amount"])
        deal["withdrawn"] = bool(deal["withdrawn"])
        nonces = nonce, deal.pop("nonce")
        deal["anchor"] = anchor_digest(*nonces)
        deal["recalls"] = deal_recalls(recalls, deal["id"], *nonces) if recalls else ()
    return SaleSnapshot(
        **row,
        deals=tuple(DealSnapshot(**deal, **shared) for deal in deals),
    )


def _change(row: Row) -> TermChange:
    """An entry of the audit log with its value and its instant read."""
    before = None if row["before"] is None else json.loads(row["before"])
    return TermChange(row["field"], row["deal"], before, instant(row["made_at"]))


def _recall(row: Row) -> RecallRow:
    """A recall's row with its instants read."""
    bounds = {name: row[name] and instant(row[name]) for name in ("issued_from", "issued_before")}
    return RecallRow(
        deal=row["deal"],
        made_at=instant(row["made_at"]),
        reason=row["reason"],
        replaced_nonce=row["nonce"],
        **bounds,
    )


def instant(text: str) -> datetime:
    """A database's own spelling of an instant: with its offset, or in UTC without one."""
    read = datetime.fromisoformat(text)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read
