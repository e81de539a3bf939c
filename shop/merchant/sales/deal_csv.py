"""The deals of sales as CSV."""

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from import_export import fields

from shop.catalog.models import Product
from shop.merchant.forms.csv_tables import (
    CsvTable,
    MoneyColumn,
    Row,
    UnitsWidget,
    YesNoWidget,
    cell,
    column,
    fixed_column,
)
from shop.sales.audit import record
from shop.sales.models import Deal, Sale
from shop.staff.current import staff_of

_WRITTEN = ("position", "price", "allocation", "max_per_shopper", "withdrawn")


class DealTable(CsvTable):
    """The deals of drafts; those of a published sale change on its page, which shows the impact."""

    needed = ("sale", "sku", "price")

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

    def get_or_init_instance(self, instance_loader: Any, row: Row) -> tuple[Deal, bool]:
        """The deal of a row.

        :raises ValidationError: there is no such sale or product
        """
        slug, sku = cell(row, "sale"), cell(row, "sku")
        sale = Sale.objects.select_for_update(no_key=True).filter(slug=slug).first()
        product = Product.objects.filter(sku=sku).first()
        if sale is None:
            raise ValidationError({"sale": f"There is no sale {slug or 'without a slug'}."})
        if product is None:
            raise ValidationError({"sku": f"There is no product {sku or 'without a sku'}."})
        deal = sale.deals.select_related("sale", "product").filter(product=product).first()
        return (deal, False) if deal else (Deal(sale=sale, product=product), True)

    def checks(
        self, instance: Deal, unread: Collection[str]
    ) -> Iterator[tuple[str, Callable[[], None]]]:
        """Of the deal, and that its sale is a draft."""
        yield "sale__", partial(_validate_draft, instance.sale)
        yield "", partial(instance.full_clean, exclude=unread)

    def save_instance(self, instance: Deal, is_create: bool, row: Row, **kwargs: Any) -> None:
        """Write what a row can say, and never what is claimed."""
        by, now, sale = staff_of(kwargs["request"]), kwargs["request"].now, instance.sale
        changes: list[tuple[str, Any, Any]] = [("deal", None, instance.product.sku)]
        if is_create:
            instance.save()
        else:
            old = Deal.objects.get(pk=instance.pk)
            changes = [(name, getattr(old, name), getattr(instance, name)) for name in _WRITTEN]
            instance.save(update_fields=_WRITTEN)
        for field, was, new in changes:
            if was != new:
                record(sale=sale, deal=instance, field=field, before=was, after=new, now=now, by=by)


def _validate_draft(sale: Sale) -> None:
    if sale.published_at is not None:
        raise ValidationError(
            {"slug": f"{sale} is published: change it on its page, which says what follows."}
        )
