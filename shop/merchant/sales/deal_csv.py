"""The deals of sales as CSV."""

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
    errors_by_column,
)
from shop.sales.models import Deal, Sale


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

    def validate_instance(
        self, instance: Deal, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        """:raises ValidationError: everything that is wrong with it"""
        errors = errors_by_column(import_validation_errors)
        if instance.sale.published_at is not None:
            errors["sale"] = [
                f"{instance.sale} is published: change it on its page, which says what follows."
            ]
        if instance.price is None:
            errors.setdefault("price", ["A price is needed."])
        if instance.allocation is not None and instance.allocation < instance.claimed:
            errors["allocation"] = [
                f"{instance.allocation} is fewer than the {instance.claimed} claimed."
            ]
        try:
            instance.full_clean(exclude=list(errors))
        except ValidationError as error:
            errors |= error.message_dict
        if errors:
            raise ValidationError(errors)

    def save_instance(self, instance: Deal, is_create: bool, row: Row, **kwargs: Any) -> None:
        """Write what a row can say, and never what is claimed."""
        written = ["position", "price", "allocation", "max_per_shopper", "withdrawn"]
        instance.save(update_fields=None if is_create else written)
