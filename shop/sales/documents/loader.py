"""From a sale's document to its rows: all of it, or nothing.

Right while the sale sells: ``claimed`` is never written, and only what changed
is. A document that says what is there already writes nothing, and takes no
lock that a claim waits for. Locks, in order: the sale, its products, then
variants and deals by key, as ``checkout.claims`` does; the database's own
constraints catch a claim that comes in between.

What the document leaves out sells no more: a deal is withdrawn (or deleted,
where its sale was never published), and of a variant nothing is left but what
is claimed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, models, transaction
from django.utils.text import slugify

from shop.catalog.list_prices import record_list_price, set_list_price
from shop.catalog.models import Product, StockMovement, Variant
from shop.catalog.stock import save_with_stock
from shop.core.money import payable_step
from shop.sales.audit import record
from shop.sales.documents.json_reader import DocumentError, Problem
from shop.sales.documents.schema import DealDocument, SaleDocument, VariantDocument
from shop.sales.lifecycle import publish, unpublish
from shop.sales.models import Deal, Sale

_OVERTAKEN = "an order or another change came in between; nothing was written, so load it again"
#: Where the document calls something by another name than the row does.
_NAMES_IN_DOCUMENT = {"state": "published"}


@dataclass
class _Load:
    """One load: what it found wrong, and what it changed, in the merchant's words."""

    now: datetime
    problems: list[Problem] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    #: What changes of the sale and its deals, to be recorded: row, field, before, after.
    recorded: list[tuple[Sale | Deal, str, Any, Any]] = field(default_factory=list)

    def complain(self, place: str, message: str) -> None:
        self.problems.append(Problem(place, message))

    def stop_if_wrong(self) -> None:
        if self.problems:
            raise DocumentError(*self.problems)

    def set(self, row: models.Model, place: str, values: Mapping[str, object]) -> list[str]:
        """Give a row its values; the names of those that are new to it."""
        changed = [name for name, value in values.items() if getattr(row, name) != value]
        for name in changed:
            if row.pk is not None:
                self.changes.append(
                    f"{_at(place, name)}: {_shown(getattr(row, name))} → {_shown(values[name])}"
                )
                self._record(row, name, values[name])
            setattr(row, name, values[name])
        return changed

    def _record(self, row: models.Model, name: str, value: object) -> None:
        if isinstance(row, Sale | Deal):
            self.recorded.append((row, name, getattr(row, name), value))

    def save(self, row: models.Model, place: str, changed: list[str]) -> None:
        """Insert a row, or update what changed of it."""
        if row.pk is not None and not changed:
            return
        try:
            row.full_clean()
            if isinstance(row, Variant):
                save_with_stock(row, changed, reason=StockMovement.Reason.LOADED, now=self.now)
            else:
                row.save(update_fields=changed if row.pk is not None else None)
        except ValidationError as error:
            raise DocumentError(*_problems(error, place)) from None
        except IntegrityError:
            # What the database holds against claims, if that is what was written.
            units = {"stock", "allocation"}.intersection(changed) if row.pk is not None else ()
            where = _at(place, units.pop()) if units else place
            raise DocumentError(Problem(where, _OVERTAKEN)) from None


def load_sale(document: SaleDocument, *, now: datetime) -> list[str]:
    """Make the rows say what the document says.

    :returns: what changed, a line each; empty where all of it was so already
    :raises DocumentError: what only the rows could tell; nothing was written
    """
    load = _Load(now)
    with transaction.atomic():
        sale = _sale(document, load)
        changed = load.set(sale, "", _of_sale(document))
        products = _products(document.deals, load)
        variants = _variants(document.deals, products, load)
        deals = _deals(document.deals, sale, products, load)
        load.stop_if_wrong()
        _save_sale(sale, changed, load)
        for deal in sorted(document.deals, key=lambda each: each.sku):
            _save_product(deal, products[deal.sku], load)
        _save_variants(variants, load)
        _save_deals(deals, sale, load)
        _withdraw_rest(document, sale, load)
        # Before it is shown or hidden: what was never on show with it promised nothing.
        _record(sale, load)
        _save_state(document, sale, load)
    return load.changes


def _sale(document: SaleDocument, load: _Load) -> Sale:
    sale = Sale.objects.select_for_update(no_key=True).filter(slug=document.slug).first()
    if sale is None:
        return Sale(slug=document.slug, title=document.slug, time_zone=settings.TIME_ZONE)
    if sale.state == Sale.State.CANCELED and document.published:
        load.complain("published", f"{sale.slug} was canceled, and a canceled sale stays so")
    return sale


def _products(deals: Iterable[DealDocument], load: _Load) -> dict[str, Product]:
    """The product of each deal by its sku, locked; one that is new is not saved yet."""
    skus = [deal.sku for deal in deals]
    locked = Product.objects.select_for_update(no_key=True).filter(sku__in=skus).order_by("sku")
    products = {product.sku: product for product in locked}
    for deal in deals:
        product = products.setdefault(deal.sku, Product(sku=deal.sku, list_price=deal.list_price))
        if product.pk is None:
            product.currency = deal.currency or settings.SHOP_CURRENCY
        elif deal.currency not in (None, product.currency):
            load.complain(
                f"{deal.place}.currency",
                f"{deal.sku} is sold in {product.currency}, and a product keeps its currency",
            )
        _check_payable(deal, product.currency, load)
    return products


def _check_payable(deal: DealDocument, currency: str, load: _Load) -> None:
    step = payable_step(currency)
    for name, amount in (("list_price", deal.list_price), ("price", deal.price)):
        if amount % step:
            load.complain(
                f"{deal.place}.{name}",
                f"{amount} is not a multiple of {step}: cards have no third decimal of {currency}",
            )


@dataclass
class _Planned[Row: models.Model]:
    """A row as it is to be, and which of its fields that changes."""

    place: str
    row: Row
    changed: list[str]
    is_left_out: bool = False


def _variants(
    deals: Iterable[DealDocument], products: Mapping[str, Product], load: _Load
) -> list[_Planned[Variant]]:
    planned: list[_Planned[Variant]] = []
    skus = [variant.sku for deal in deals for variant in deal.variants]
    taken = {
        variant.sku: variant
        for variant in Variant.objects.filter(sku__in=skus).select_related("product")
    }
    for deal in deals:
        product = products[deal.sku]
        had = {} if product.pk is None else {each.sku: each for each in product.variants.all()}
        for position, wanted in enumerate(deal.variants):
            other = taken.get(wanted.sku)
            if other is not None and other.product.sku != deal.sku:
                load.complain(
                    f"{wanted.place}.sku", f"{wanted.sku} is a variant of {other.product.sku}"
                )
                continue
            row = had.pop(wanted.sku, None) or Variant(product=product, sku=wanted.sku, stock=0)
            planned.append(_planned_variant(row, wanted, position, load))
        for row in _left_out(had.values(), deal, load):
            planned.append(_Planned(f"{deal.place}.variants", row, ["stock"], is_left_out=True))
    return planned


def _planned_variant(
    row: Variant, wanted: VariantDocument, position: int, load: _Load
) -> _Planned[Variant]:
    if wanted.stock < row.claimed:
        load.complain(
            f"{wanted.place}.stock", f"{wanted.stock} is fewer than the {row.claimed} claimed"
        )
    values = {"name": wanted.name, "position": position, "stock": wanted.stock}
    return _Planned(wanted.place, row, load.set(row, wanted.place, values))


def _left_out(rows: Iterable[Variant], deal: DealDocument, load: _Load) -> Iterator[Variant]:
    """Those left out of the document of which something could still be sold."""
    for row in rows:
        if bool(row.name) != deal.has_choice:
            load.complain(
                f"{deal.place}.{'variants' if deal.has_choice else 'stock'}",
                f"{deal.sku} has "
                + ("variants, so give variants" if row.name else "none, so give its stock")
                + ": a product keeps to the one or the other",
            )
        elif row.stock != row.claimed:
            place = f"{deal.place}.variants"
            load.changes.append(f"{place}: {row.sku} is left out: nothing more of it is sold")
            yield row


def _deals(
    wanted: Iterable[DealDocument], sale: Sale, products: Mapping[str, Product], load: _Load
) -> list[_Planned[Deal]]:
    rows = {} if sale.pk is None else {deal.product_id: deal for deal in sale.deals.all()}
    planned: list[_Planned[Deal]] = []
    for position, deal in enumerate(wanted):
        product = products[deal.sku]
        row = rows.get(product.pk) or Deal(sale=sale, product=product, price=deal.price)
        if deal.allocation is not None and deal.allocation < row.claimed:
            load.complain(
                f"{deal.place}.allocation",
                f"{deal.allocation} is fewer than the {row.claimed} claimed",
            )
        values = {
            "position": position,
            "price": deal.price,
            "allocation": deal.allocation,
            "max_per_shopper": deal.max_per_shopper,
            "withdrawn": False,
        }
        planned.append(_Planned(deal.place, row, load.set(row, deal.place, values)))
    return planned


def _of_sale(document: SaleDocument) -> dict[str, object]:
    return _said(
        {
            "title": document.title,
            "text": document.text,
            "time_zone": document.time_zone,
            "starts_at": document.starts_at,
            "ends_at": document.ends_at,
            "hold_seconds": document.hold_seconds,
        }
    )


def _save_sale(sale: Sale, changed: list[str], load: _Load) -> None:
    is_new = sale.pk is None
    load.save(sale, "", changed)
    if is_new:
        load.changes.append(f"slug: {sale.slug} is new")


def _save_product(deal: DealDocument, product: Product, load: _Load) -> None:
    is_new = product.pk is None
    slug = deal.slug
    if is_new and slug is None:
        slug = _free_slug(deal)
    changed = load.set(
        product, deal.place, _said({"name": deal.name, "text": deal.text, "slug": slug})
    )
    load.save(product, deal.place, changed)
    if is_new:
        load.changes.append(f"{deal.place}: {deal.sku} is a new product")
    if product.list_price == deal.list_price:
        record_list_price(product, now=load.now)
    else:
        load.changes.append(f"{deal.place}.list_price: {product.list_price} → {deal.list_price}")
        set_list_price(product, deal.list_price, now=load.now)


def _free_slug(deal: DealDocument) -> str:
    """An address made of the name, and of the sku where another product has that one."""
    slug = slugify(deal.name)[:80].strip("-")
    if slug and not Product.objects.filter(slug=slug).exists():
        return slug
    return slugify(f"{slug[:15]}-{deal.sku}").strip("-")


def _save_variants(planned: Iterable[_Planned[Variant]], load: _Load) -> None:
    for each in sorted(planned, key=lambda each: _by_key(each.row)):
        if each.is_left_out:
            # What is claimed may have grown since it was read.
            each.row.refresh_from_db(
                fields=["claimed"], from_queryset=Variant.objects.select_for_update(no_key=True)
            )
            each.row.stock = each.row.claimed
        # A new product had no key yet when the variant was planned.
        each.row.product_id = each.row.product.pk
        load.save(each.row, each.place, each.changed)


def _save_deals(planned: Iterable[_Planned[Deal]], sale: Sale, load: _Load) -> None:
    for each in sorted(planned, key=lambda each: _by_key(each.row)):
        is_new = each.row.pk is None
        each.row.sale_id, each.row.product_id = sale.pk, each.row.product.pk
        load.save(each.row, each.place, each.changed)
        if is_new:
            load.changes.append(f"{each.place}: {each.row.product.sku} is a new deal")
            load.recorded.append((each.row, "deal", None, each.row.product.sku))


def _withdraw_rest(document: SaleDocument, sale: Sale, load: _Load) -> None:
    """Withdraw what the document no longer names; delete it where nobody ever saw it."""
    rest = sale.deals.exclude(product__sku__in=[deal.sku for deal in document.deals])
    for row in rest.select_related("product").order_by("pk"):
        if sale.published_at is None and not row.recalls.exists():
            load.changes.append(f"deals: {row.product.sku} is left out: deleted")
            load.recorded.append((sale, "deal", row.product.sku, None))
            row.delete()
        elif not row.withdrawn:
            load.changes.append(f"deals: {row.product.sku} is left out: withdrawn")
            load.recorded.append((row, "withdrawn", False, True))
            row.withdrawn = True
            load.save(row, "deals", ["withdrawn"])


def _save_state(document: SaleDocument, sale: Sale, load: _Load) -> None:
    was_published = sale.state == Sale.State.PUBLISHED
    if document.published:
        # Deals that came later need their reference price too.
        if not was_published or sale.deals.filter(was__isnull=True).exists():
            publish(sale, now=load.now)
    elif was_published:
        unpublish(sale, now=load.now)
    if was_published != document.published:
        load.changes.append(f"published: {_shown(was_published)} → {_shown(document.published)}")


def _record(sale: Sale, load: _Load) -> None:
    """Leave what was changed in the sale's record; nobody is named, a document did it."""
    for row, name, before, after in load.recorded:
        record(
            sale=sale,
            deal=row if isinstance(row, Deal) else None,
            field=name,
            before=before,
            after=after,
            now=load.now,
            by=None,
        )


def _by_key(row: models.Model) -> tuple[bool, int]:
    """Existing rows by key, as claims lock them; new ones, that no one can lock, last."""
    return row.pk is None, row.pk or 0


def _said(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _problems(error: ValidationError, place: str) -> Iterator[Problem]:
    for name, messages in error.message_dict.items():
        where = place if name == NON_FIELD_ERRORS else _at(place, name)
        yield from (Problem(where, message) for message in messages)


def _at(place: str, name: str) -> str:
    name = _NAMES_IN_DOCUMENT.get(name, name)
    return f"{place}.{name}" if place else name


def _shown(value: Any) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat()
        case str():
            return repr(value)
    return str(value)
