"""The deals of sales as CSV."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from import_export import fields

from shop.catalog.models import Product
from shop.core.upserts import update_in_bulk
from shop.merchant.forms.csv_tables import (
    CsvTable,
    MoneyColumn,
    Overtaken,
    Row,
    UnitsWidget,
    YesNoWidget,
    cell,
    column,
    fixed_column,
    in_batches,
)
from shop.sales.audit import change_of, record_in_bulk
from shop.sales.models import Change, Deal, Sale
from shop.staff.models import Staff

_WRITTEN = ("position", "price", "allocation", "max_per_shopper", "withdrawn")


class DealTable(CsvTable):
    """The deals of drafts; those of a published sale change on its page, which shows the impact."""

    needed = ("sale", "sku", "price")
    together = "sale"

    sale = fixed_column("sale__slug")
    sku = fixed_column("product__sku")
    position = column("position", UnitsWidget())
    currency = fixed_column("product__currency")
    price = MoneyColumn("price")
    # An empty cell means all the stock.
    allocation = fields.Field("allocation", widget=UnitsWidget())
    max_per_shopper = column("max_per_shopper", UnitsWidget())
    withdrawn = column("withdrawn", YesNoWidget())
    in_orders = fixed_column("claimed")

    class Meta(CsvTable.Meta):
        model = Deal
        fields = (
            *("sale", "sku", "position", "currency", "price", "allocation", "max_per_shopper"),
            *("withdrawn", "in_orders"),
        )

    def load(self, rows: list[Row]) -> None:
        """The sales, products and deals of the rows."""
        sales = in_batches(Sale.objects.all(), "slug", {cell(row, "sale") for row in rows})
        products = in_batches(Product.objects.all(), "sku", {cell(row, "sku") for row in rows})
        self._sales = {each.slug: each for each in sales}
        self._products = {each.sku: each for each in products}
        of_sales = Deal.objects.filter(sale__in=self._sales.values()).select_related("sale")
        found = in_batches(
            of_sales.select_related("product"),
            "product",
            [each.pk for each in self._products.values()],
        )
        self._deals = {(each.sale.slug, each.product.sku): each for each in found}
        self._before = {each.pk: _of_deal(each) for each in self._deals.values()}

    def get_or_init_instance(self, instance_loader: Any, row: Row) -> tuple[Deal, bool]:
        """The deal of a row.

        :raises ValidationError: there is no such sale or product, or another row has its deal
        """
        slug, sku = cell(row, "sale"), cell(row, "sku")
        sale, product = self._sales.get(slug), self._products.get(sku)
        if sale is None:
            raise ValidationError({"sale": f"There is no sale {slug or 'without a slug'}."})
        if product is None:
            raise ValidationError({"sku": f"There is no product {sku or 'without a sku'}."})
        self.once((slug, sku), "sku", f"{sku} in {slug}")
        deal = self._deals.get((slug, sku))
        return (deal, False) if deal else (Deal(sale=sale, product=product), True)

    def checks(
        self, instance: Deal, unread: Collection[str]
    ) -> Iterator[tuple[str, Callable[[], None]]]:
        """Of the deal, and that its sale is a draft."""
        yield "sale__", partial(_validate_draft, instance.sale)
        yield "", partial(instance.clean_fields, exclude=unread)
        yield "", instance.clean

    def state_of(self, instance: Deal) -> tuple[Any, ...]:
        """All that a row may write of a deal."""
        return _of_deal(instance)

    def write(self, *, by: Staff, now: datetime) -> None:
        """Write what rows can say, and never what is claimed; each change is recorded."""
        sales = {each.sale_id for each in self.planned}
        locked = Sale.objects.select_for_update(no_key=True).filter(pk__in=sales).order_by("pk")
        if len(locked) < len(sales) or any(each.published_at is not None for each in locked):
            raise Overtaken
        old = [each for each in self.planned if each.pk is not None]
        new = [each for each in self.planned if each.pk is None]
        keys = [each.pk for each in old]
        deals = Deal.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk")
        there = {each.pk: _of_deal(each) for each in deals}
        if any(there.get(each.pk) != self._before[each.pk] for each in old):
            raise Overtaken
        Deal.objects.bulk_create(new)
        update_in_bulk(Deal, old, _WRITTEN)
        record_in_bulk(list(self._changes(by=by, now=now)))

    def _changes(self, *, by: Staff, now: datetime) -> Iterator[Change]:
        """The audit log's entries of the planned deals, in the order of their rows."""

        def entry(deal: Deal, field: str, was: Any, new: Any) -> Change:
            return change_of(deal.sale, field, was, new, deal=deal, by=by, now=now)

        for deal in self.planned:
            before = self._before.get(deal.pk)
            if before is None:
                yield entry(deal, "deal", None, deal.product.sku)
                continue
            for name, was, new in zip(_WRITTEN, before, _of_deal(deal), strict=True):
                if was != new:
                    yield entry(deal, name, was, new)


def _of_deal(deal: Deal) -> tuple[Any, ...]:
    return tuple(getattr(deal, name) for name in _WRITTEN)


def _validate_draft(sale: Sale) -> None:
    if sale.published_at is not None:
        raise ValidationError(
            {"slug": f"{sale} is published: change it on its page, which says what follows."}
        )
