"""Loads a sale's document into its rows: all of it, or nothing.

Right while the sale sells: only what changed is written, and never ``claimed``.
Locks, in order: the sale, its products, then variants and deals by key, as
``orders.claims`` does; the database's constraints catch a claim in between.

A deal that the document leaves out is withdrawn (or deleted, where its sale was
never published); a variant keeps only the stock that is claimed.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from shop.catalog.list_prices import record_list_prices
from shop.catalog.models import Product, StockMovement, Variant
from shop.catalog.stock import record_supplies, save_with_stock
from shop.core.upserts import update_in_bulk
from shop.sales.audit import change_of, record_in_bulk
from shop.sales.documents.json_reader import DocumentError, Problem, member, problems_of
from shop.sales.documents.planner import LoadPlan, RowPlan, in_words
from shop.sales.documents.schema import SaleDocument
from shop.sales.lifecycle import publish, unpublish
from shop.sales.models import Deal, Sale
from shop.sales.reference_prices import work_out_reference_prices
from shop.sales.sense_checks import warnings
from shop.sales.sense_facts import check_sale

type Recorder = Callable[[], None]

#: Keys of rows that were just read or written: they need not be looked up.
_FOREIGN = frozenset({"sale", "product"})
_OVERTAKEN = "an order or another change came in between; nothing was written, so load it again"


def load_sale(document: SaleDocument, *, now: datetime) -> list[str]:
    """Write a document's sale, products, variants and deals.

    :returns: what changed, a line each; empty where all of it was so already
    :raises DocumentError: what only the rows could tell; nothing was written
    """
    with transaction.atomic():
        plan = LoadPlan(document)
        _write(plan, now)
    return plan.lines


def warnings_of(document: SaleDocument, *, now: datetime) -> list[Problem]:
    """What sense checks warn of in the sale that a document was loaded into, by its places."""
    places = {deal.sku: deal.place for deal in document.deals}
    checked = check_sale(Sale.objects.get(slug=document.slug), now)
    return [
        Problem(member(places.get(each.sku, ""), each.check.field), each.text)
        for each in warnings(checked.findings)
    ]


def _write(plan: LoadPlan, now: datetime) -> None:
    sale, lines = plan.sale.row, plan.lines
    if sale.pk is None:
        lines.append(f"slug: {sale.slug} is new")
    _save(plan.sale, now)
    for product in plan.products:
        if product.row.pk is None:
            lines.append(f"{product.place}: {product.row.sku} is a new product")
    _save_all(Product, plan.products, now)
    _save_variants(plan.variants, now)
    # Once there is stock: without any a list price is one that nobody can pay.
    recorded = record_list_prices([each.row.pk for each in plan.products], now=now)
    _save_deals(plan, now)
    _withdraw_rest(plan, now)
    # Before it is published or hidden: no offer was minted with these changes while hidden.
    _record(plan, now)
    _save_state(plan, now)
    if lines or recorded:
        work_out_reference_prices(sale.deals.values_list("product", flat=True), now=now)


def _nothing() -> None:
    """What there is to record of rows that have no record."""


def _save_all[Row: models.Model](
    model: type[Row], plans: Sequence[RowPlan[Row]], now: datetime, record: Recorder = _nothing
) -> None:
    """Insert rows, or update what changed of them, in two statements.

    On SQLite checkout waits for all of it. Where the model or the database refuses a row, they are
    written once more, one by one, to say which it was.

    :param record: what is to be recorded of them once they are written
    :raises DocumentError: the model or the database refuses it
    """
    new = [each.row for each in plans if each.row.pk is None]
    old = [each for each in plans if each.row.pk is not None and each.changed]
    try:
        with transaction.atomic():
            for row in (*new, *(each.row for each in old)):
                row.clean_fields(exclude=_FOREIGN)
                row.clean()
            model._base_manager.bulk_create(new)
            fields = {name for each in old for name in each.changed}
            update_in_bulk(model, [each.row for each in old], sorted(fields))
            record()
    except (ValidationError, IntegrityError):
        for row in new:
            row.pk, row._state.adding = None, True
        for each in plans:
            _save(each, now)


def _save[Row: models.Model](plan: RowPlan[Row], now: datetime) -> None:
    """Insert a row, or update what changed of it.

    :raises DocumentError: the model or the database refuses it
    """
    row, changed = plan.row, plan.changed
    is_new = row.pk is None
    if not is_new and not changed:
        return
    try:
        row.full_clean()
        if isinstance(row, Variant):
            save_with_stock(row, changed, reason=StockMovement.Reason.LOADED, now=now)
        else:
            row.save(update_fields=None if is_new else changed)
    except ValidationError as error:
        raise DocumentError(*problems_of(error, plan.place)) from None
    except IntegrityError:
        # What the database holds against claims, if that is what was written.
        units = set() if is_new else {"stock", "allocation"}.intersection(changed)
        place = member(plan.place, units.pop()) if units else plan.place
        raise DocumentError(Problem(place, _OVERTAKEN)) from None


def _save_variants(plans: Iterable[RowPlan[Variant]], now: datetime) -> None:
    plans = sorted(plans, key=_lock_order)
    locked = Variant.objects.select_for_update(no_key=True).order_by("pk")
    keys = [each.row.pk for each in plans if each.row.pk is not None]
    there = {each.pk: each for each in locked.filter(pk__in=keys)}
    for plan in plans:
        row, as_it_is = plan.row, there.get(plan.row.pk)
        if as_it_is is not None:
            if plan.is_left_out:
                # What is claimed may have grown since it was read.
                row.stock = row.claimed = as_it_is.claimed
            elif "stock" not in plan.changed:
                row.stock = as_it_is.stock
        # A new product had no key yet when the variant was planned: assigned again, it gives it.
        row.product = row.product
    before = {key: variant.stock for key, variant in there.items()}
    rows = [each.row for each in plans if each.row.pk is None or each.changed]
    known = {id(row): before.get(row.pk, 0) for row in rows}

    def record() -> None:
        record_supplies(
            {row: row.stock - known[id(row)] for row in rows},
            reason=StockMovement.Reason.LOADED,
            now=now,
            made_by=None,
        )

    _save_all(Variant, plans, now, record)


def _save_deals(plan: LoadPlan, now: datetime) -> None:
    plans = sorted(plan.deals, key=_lock_order)
    new = [each for each in plans if each.row.pk is None]
    for each in plans:
        # Assigned again, they give their keys, which new ones did not have when it was planned.
        each.row.sale, each.row.product = plan.sale.row, each.row.product
    _save_all(Deal, plans, now)
    for each in new:
        plan.lines.append(f"{each.place}: {each.row.product.sku} is a new deal")
        plan.entries.append((each.row, "deal", None, each.row.product.sku))


def _withdraw_rest(plan: LoadPlan, now: datetime) -> None:
    """Withdraw the deals that the document leaves out; delete those of a sale never published."""
    sale = plan.sale.row
    rest = sale.deals.exclude(product__sku__in=[deal.sku for deal in plan.document.deals])
    for row in rest.select_related("product").order_by("pk"):
        if sale.published_at is None and not row.recalls.exists():
            plan.lines.append(f"deals: {row.product.sku} is left out: deleted")
            plan.entries.append((sale, "deal", row.product.sku, None))
            row.delete()
        elif not row.withdrawn:
            plan.lines.append(f"deals: {row.product.sku} is left out: withdrawn")
            plan.entries.append((row, "withdrawn", False, True))
            row.withdrawn = True
            _save(RowPlan("deals", row, ["withdrawn"]), now)


def _record(plan: LoadPlan, now: datetime) -> None:
    record_in_bulk(
        [
            change_of(
                plan.sale.row,
                field,
                before,
                after,
                deal=row if isinstance(row, Deal) else None,
                now=now,
                by=None,
            )
            for row, field, before, after in plan.entries
        ]
    )


def _save_state(plan: LoadPlan, now: datetime) -> None:
    sale, wanted = plan.sale.row, plan.document.published
    was_published = sale.state == Sale.State.PUBLISHED
    if wanted and not was_published:
        publish(sale, now=now)
    elif was_published and not wanted:
        unpublish(sale, now=now)
    if was_published != wanted:
        plan.lines.append(f"published: {in_words(was_published)} → {in_words(wanted)}")


def _lock_order[Row: models.Model](plan: RowPlan[Row]) -> tuple[bool, int]:
    """Existing rows by key, as claims lock them; new ones, that no one can lock, last."""
    return plan.row.pk is None, plan.row.pk or 0
