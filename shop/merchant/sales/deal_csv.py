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
)
from shop.sales.audit import record
from shop.sales.models import Deal, Sale
from shop.staff.current import staff_of

_WRITTEN = ("position", "price", "allocation", "max_per_shopper", "withdrawn")


class DealTable(CsvTable):
    """The deals of sales. Those of a published one change on its page, which says what follows."""

    needed = ("sale", "sku", "price")

    sale = fields.Field(column_name="sale", attribute="sale__slug", readonly=True)
    sku = fields.Field(column_name="sku", attribute="product__sku", readonly=True)
    position = fields.Field(
        column_name="position", attribute="position", widget=UnitsWidget(), saves_null_values=False
    )
    currency = fields.Field(column_name="currency", attribute="product__currency", readonly=True)
    price = MoneyColumn(column_name="price", attribute="price")
    allocation = fields.Field(
        column_name="allocation", attribute="allocation", widget=UnitsWidget()
    )
    max_per_shopper = fields.Field(
        column_name="max_per_shopper",
        attribute="max_per_shopper",
        widget=UnitsWidget(),
        saves_null_values=False,
    )
    withdrawn = fields.Field(
        column_name="withdrawn",
        attribute="withdrawn",
        widget=YesNoWidget(),
        saves_null_values=False,
    )
    in_orders = fields.Field(column_name="in_orders", attribute="claimed", readonly=True)

    class Meta:
        model = Deal
        fields = (
            *("sale", "sku", "position", "currency", "price", "allocation", "max_per_shopper"),
            *("withdrawn", "in_orders"),
        )
        import_order = export_order = fields
        skip_unchanged = True
        report_skipped = True

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
        """The deal, and that its sale is a draft."""
        yield "sale__", partial(_validate_draft, instance.sale)
        yield "", partial(instance.full_clean, exclude=unread)

    def save_instance(self, instance: Deal, is_create: bool, row: Row, **kwargs: Any) -> None:
        """Write what a row can say, and never what is claimed."""
        now, by = kwargs["request"].now, staff_of(kwargs["request"])
        if is_create:
            instance.save()
            changes = [("deal", None, instance.product.sku)]
        else:
            before = Deal.objects.get(pk=instance.pk)
            instance.save(update_fields=_WRITTEN)
            changes = [(name, getattr(before, name), getattr(instance, name)) for name in _WRITTEN]
        for field, old, new in changes:
            if old != new:
                record(
                    sale=instance.sale,
                    deal=instance,
                    field=field,
                    before=old,
                    after=new,
                    now=now,
                    by=by,
                )


def _validate_draft(sale: Sale) -> None:
    if sale.published_at is not None:
        raise ValidationError(
            {"slug": f"{sale} is published: change it on its page, which says what follows."}
        )
