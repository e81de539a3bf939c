"""What a sale's document changes: its rows with their new values, none of them saved.

Locks the sale, then its products by sku.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import slugify

from shop.catalog.models import Product, Variant
from shop.sales.documents.json_reader import DocumentError, Problem, member, problems_of
from shop.sales.documents.schema import DealDocument, SaleDocument
from shop.sales.models import Deal, Sale


@dataclass
class RowPlan[Row: models.Model]:
    """A row with its new values, and the names of the fields that they change."""

    place: str
    row: Row
    changed: list[str]
    is_left_out: bool = False


class LoadPlan:
    """All rows of a document as they are to be, and what changes, as lines for the merchant.

    :raises DocumentError: with everything that the rows refuse
    """

    def __init__(self, document: SaleDocument) -> None:
        self.document = document
        self.lines: list[str] = []
        #: For the sale's audit log: the row, its field, the value before and after.
        self.entries: list[tuple[Sale | Deal, str, Any, Any]] = []
        self._problems: list[Problem] = []
        self.sale = self._plan_sale()
        self.products = self._plan_products()
        by_sku = {each.row.sku: each.row for each in self.products}
        self.variants = list(self._plan_variants(by_sku))
        self.deals = list(self._plan_deals(self.sale.row, by_sku))
        if self._problems:
            raise DocumentError(*self._problems)

    def _refuse(self, place: str, message: str) -> None:
        self._problems.append(Problem(place, message))

    def _plan_row[Row: models.Model](
        self, row: Row, place: str, values: Mapping[str, object]
    ) -> RowPlan[Row]:
        """Give a row its values, and note what its model refuses."""
        changed = [name for name, value in values.items() if getattr(row, name) != value]
        for name in changed:
            before, after = getattr(row, name), values[name]
            setattr(row, name, after)
            if row.pk is not None:
                self.lines.append(f"{member(place, name)}: {in_words(before)} → {in_words(after)}")
                if isinstance(row, Sale | Deal):
                    self.entries.append((row, name, before, after))
        try:
            row.clean()
        except ValidationError as error:
            self._problems += problems_of(error, place)
        return RowPlan(place, row, changed)

    def _plan_sale(self) -> RowPlan[Sale]:
        document = self.document
        sale = Sale.objects.select_for_update(no_key=True).filter(slug=document.slug).first()
        if sale is None:
            sale = Sale(slug=document.slug, title=document.slug, time_zone=settings.TIME_ZONE)
        elif sale.state == Sale.State.CANCELED and document.published:
            self._refuse("published", f"{sale.slug} was canceled, and a canceled sale stays so")
        return self._plan_row(sale, "", document.values)

    def _plan_products(self) -> list[RowPlan[Product]]:
        deals = sorted(self.document.deals, key=lambda deal: deal.sku)
        locked = Product.objects.select_for_update(no_key=True).order_by("sku")
        products = {row.sku: row for row in locked.filter(sku__in=[deal.sku for deal in deals])}
        slugs = {deal.product_values.get("slug", "") for deal in deals}
        planned = []
        for deal in deals:
            values, row = deal.product_values, products.get(deal.sku)
            if row is None:
                slug = values.get("slug") or _free_slug(deal, slugs)
                slugs.add(slug)
                row = Product(sku=deal.sku, currency=settings.SHOP_CURRENCY)
                values = {**values, "slug": slug}
            elif values.get("currency", row.currency) != row.currency:
                self._refuse(
                    f"{deal.place}.currency",
                    f"{deal.sku} is sold in {row.currency}, and a product keeps its currency",
                )
                values = {**values, "currency": row.currency}
            planned.append(self._plan_row(row, deal.place, values))
        return planned

    def _plan_variants(self, products: Mapping[str, Product]) -> Iterator[RowPlan[Variant]]:
        deals = self.document.deals
        skus = [variant.sku for deal in deals for variant in deal.variants]
        existing = Variant.objects.filter(sku__in=skus).select_related("product")
        owners = {variant.sku: variant.product.sku for variant in existing}
        of_products: defaultdict[int, dict[str, Variant]] = defaultdict(dict)
        known = {each.pk: each for each in products.values() if each.pk is not None}
        for variant in Variant.objects.filter(product__in=known):
            variant.product = known[variant.product_id]
            of_products[variant.product_id][variant.sku] = variant
        for deal in deals:
            product = products[deal.sku]
            rows = {} if product.pk is None else of_products[product.pk]
            for position, wanted in enumerate(deal.variants):
                owner = owners.get(wanted.sku, deal.sku)
                if owner != deal.sku:
                    self._refuse(f"{wanted.place}.sku", f"{wanted.sku} is a variant of {owner}")
                    continue
                row = rows.pop(wanted.sku, None)
                values = {"name": wanted.name, "position": position, "stock": wanted.stock}
                row = row or Variant(product=product, sku=wanted.sku, stock=0)
                yield self._plan_row(row, wanted.place, values)
            for row in rows.values():
                yield from self._plan_left_out(row, deal)

    def _plan_left_out(self, row: Variant, deal: DealDocument) -> Iterator[RowPlan[Variant]]:
        """A variant that the document leaves out, if some of it could still be sold."""
        place = f"{deal.place}.variants"
        if bool(row.name) != deal.has_choice:
            self._refuse(
                place if deal.has_choice else f"{deal.place}.stock",
                f"{deal.sku} has "
                + ("variants, so give variants" if row.name else "none, so give its stock")
                + ": a product keeps to the one or the other",
            )
        elif row.stock != row.claimed:
            self.lines.append(f"{place}: {row.sku} is left out: nothing more of it is sold")
            yield RowPlan(place, row, ["stock"], is_left_out=True)

    def _plan_deals(self, sale: Sale, products: Mapping[str, Product]) -> Iterator[RowPlan[Deal]]:
        rows = {} if sale.pk is None else {row.product_id: row for row in sale.deals.all()}
        for position, deal in enumerate(self.document.deals):
            product = products[deal.sku]
            row = rows.get(product.pk) or Deal(sale=sale)
            row.product = product
            values = {**deal.values, "position": position, "withdrawn": False}
            yield self._plan_row(row, deal.place, values)


def _free_slug(deal: DealDocument, given: set[str]) -> str:
    """An address made of the name, and of the sku where another product has that one."""
    slug: str = slugify(deal.product_values["name"])[:80].strip("-")
    if slug and slug not in given and not Product.objects.filter(slug=slug).exists():
        return slug
    return slugify(f"{slug[:15]}-{deal.sku}").strip("-")


def in_words(value: Any) -> str:
    """A value as a line about a change shows it."""
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
