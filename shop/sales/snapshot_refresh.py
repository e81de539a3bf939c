"""A snapshot that costs what has changed: whoever reads it anew keeps the rest of the latest one.

At rest that is one small statement. Units that orders have claimed or freed come with it. Where
more has changed, the sales and products concerned are read again, all of them in one statement.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from operator import attrgetter

from django.db import connection
from django.db.models import Q
from django.db.models.functions import JSONObject

from shop.catalog.models import Product
from shop.core.compiled_sql import CompiledQuery, Parameter
from shop.sales.models import Deal, Revision, Sale
from shop.sales.product_snapshot import ProductSnapshot
from shop.sales.revision_triggers import has_triggers
from shop.sales.revisions import (
    DEAL_UNITS,
    VARIANT_UNITS,
    ChangedRow,
    News,
    changed_since,
    read_news,
)
from shop.sales.snapshot import DealSnapshot, SaleSnapshot, Snapshot
from shop.sales.snapshot_queries import (
    KEPT_AFTER_END,
    assemble,
    read_snapshot,
    rows_by_kind,
    showcase_querysets,
    union_rows,
)


@dataclass(frozen=True, slots=True)
class ShowcaseReading:
    """A snapshot, for which instant it was read, and up to which change (None: nobody knows)."""

    snapshot: Snapshot
    now: datetime
    news: News | None = None


def read_anew(now: datetime, latest: ShowcaseReading | None) -> ShowcaseReading:
    """What is on show now; of the latest reading, all that has not changed is kept.

    :raises django.db.Error: the database is away
    """
    # What a transaction reads of its own may be undone, and SQLite then gives its numbers again.
    if connection.in_atomic_block:
        return ShowcaseReading(read_snapshot(now), now)
    if latest is None or latest.news is None or now < latest.now:
        return _read_whole(now)
    news = read_news(latest.news.mark)
    changed = news.rows - latest.news.rows
    # The marks of a database that was restored may be older ones.
    if news.mark < latest.news.mark or any(each.concerns_all for each in changed):
        return _read_whole(now)
    snapshot = _without_old_sales(latest.snapshot, now)
    if not all(each.is_units for each in changed):
        snapshot = _merged(snapshot, _read_changes(latest.news.mark, now))
    elif changed:
        snapshot = _merged(snapshot, _units(snapshot, changed))
    return ShowcaseReading(snapshot, now, news)


def with_units(latest: ShowcaseReading, news: News, skus: Collection[str]) -> Snapshot | None:
    """The latest snapshot with the units of now; None where more than units has changed since.

    :param news: since the mark of the latest reading
    :param skus: of the products it has these, since few are quickly made anew
    """
    if latest.news is None or news.mark < latest.news.mark:
        return None
    changed = news.rows - latest.news.rows
    if not all(each.is_units for each in changed):
        return None
    if not changed:
        return latest.snapshot
    few = latest.snapshot.of_products(skus)
    return _merged(few, _units(few, changed))


def _read_whole(now: datetime) -> ShowcaseReading:
    # The mark is taken first: what changes meanwhile is read once more.
    news = read_news(None) if has_triggers() else None
    return ShowcaseReading(read_snapshot(now), now, news)


def _without_old_sales(snapshot: Snapshot, now: datetime) -> Snapshot:
    oldest = now - KEPT_AFTER_END
    if snapshot.first_end is None or snapshot.first_end > oldest:
        return snapshot
    kept = {slug: sale for slug, sale in snapshot.sales.items() if sale.ends_at > oldest}
    return replace(snapshot, sales=kept)


@dataclass(frozen=True, slots=True)
class Changes:
    """What is on show instead of what was, by the keys of rows; None: no longer on show."""

    products: Mapping[int, ProductSnapshot | None] = field(default_factory=dict)
    list_deals: Mapping[int, DealSnapshot] = field(default_factory=dict)
    sales: Mapping[int, SaleSnapshot | None] = field(default_factory=dict)
    #: Units claimed of deals in other sales.
    claimed: Mapping[int, int] = field(default_factory=dict)


def _read_changes(mark: int, now: datetime) -> Changes:
    """Read the sales and products again of which anything has changed since the mark."""
    statement = _changes_statement(connection.vendor)
    rows = rows_by_kind(statement.rows({"mark": mark, "oldest": now - KEPT_AFTER_END}))
    read = assemble(rows, drafts=False)

    turned = rows["turned"]
    return Changes(
        products={row["product"]: None for row in turned if row["product"]}
        | {each.id: each for each in read.products.values()},
        list_deals={each.product.id: each for each in read.list_deals.values()},
        sales={row["sale"]: None for row in turned if row["sale"]}
        | {each.id: each for each in read.sales.values()},
    )


@cache
def _changes_statement(vendor: str) -> CompiledQuery:
    turned = Revision.objects.filter(changed_since(Parameter("mark")))
    wanted = Q(pk__in=turned.values("sale"), ends_at__gt=Parameter("oldest"))
    in_sales = Deal.objects.filter(sale__in=Sale.objects.filter(wanted)).values("product")
    products = Product.objects.filter(pk__in=turned.values("product").union(in_sales))
    queries = showcase_querysets(wanted, products, drafts=False)
    queries["turned"] = turned.annotate(row=JSONObject(sale="sale", product="product"))
    return CompiledQuery.select(union_rows(queries))


def _units(snapshot: Snapshot, changed: Collection[ChangedRow]) -> Changes:
    """Other numbers of units, and else what there was."""
    units: dict[str, dict[int, int]] = {VARIANT_UNITS: {}, DEAL_UNITS: {}}
    for row in changed:
        if row.units is not None:
            units[row.kind][row.key] = row.units
    left = units[VARIANT_UNITS]
    products = {}
    for key in {row.product for row in changed}:
        if product := snapshot.product_of(key):
            variants = (replace(one, left=left.get(one.id, one.left)) for one in product.variants)
            products[product.id] = replace(product, variants=tuple(variants))
    deals = snapshot.list_deals
    return Changes(
        products=products,
        list_deals={key: replace(deals[each.sku], product=each) for key, each in products.items()},
        claimed=units[DEAL_UNITS],
    )


def _merged(old: Snapshot, changes: Changes) -> Snapshot:
    """A snapshot in which what has changed is in the place of what it was."""
    products, list_deals, skus = dict(old.products), dict(old.list_deals), dict(old.skus_by_key)
    others = {}
    for key, product in changes.products.items():
        before = old.product_of(key)
        if before is not None and product != before:
            del products[before.sku], list_deals[before.sku], skus[key]
        if product is not None and product != before:
            others[key] = product
    products |= {each.sku: each for each in others.values()}
    skus |= {key: each.sku for key, each in others.items()}
    list_deals |= {each.product.sku: each for each in changes.list_deals.values()}
    sales: dict[int, SaleSnapshot | None] = {
        sale.id: _with_products(sale, others, changes.claimed) for sale in old.sales.values()
    }
    # What was told once may be told again: equal ones keep what was prepared of them.
    sales |= {key: each for key, each in changes.sales.items() if each != sales.get(key)}
    on_show = [sale for sale in sales.values() if sale is not None]
    return replace(
        old,
        products=products,
        list_deals=list_deals,
        skus_by_key=skus,
        sales={sale.slug: sale for sale in sorted(on_show, key=attrgetter("id"))},
    )


def _with_products(
    sale: SaleSnapshot, products: Mapping[int, ProductSnapshot], claimed: Mapping[int, int]
) -> SaleSnapshot:
    """A sale with other products in its deals, and other numbers of claimed units."""
    if sale.keys_of_products.isdisjoint(products) and sale.keys_of_deals.isdisjoint(claimed):
        return sale
    return replace(sale, deals=tuple(_with_product(each, products, claimed) for each in sale.deals))


def _with_product(
    deal: DealSnapshot, products: Mapping[int, ProductSnapshot], claimed: Mapping[int, int]
) -> DealSnapshot:
    product = products.get(deal.product.id, deal.product)
    units = claimed.get(deal.id or 0, deal.claimed)
    if product is deal.product and units == deal.claimed:
        return deal
    return replace(deal, product=product, claimed=units)
