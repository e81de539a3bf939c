"""Products as CSV, a row for each variant."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils import timezone
from django.utils.text import slugify
from import_export import fields

from shop.catalog.list_prices import record_list_price
from shop.catalog.models import Product, StockMovement, Variant
from shop.catalog.stock import save_with_stock
from shop.core.money import is_currency
from shop.merchant.forms.csv_tables import (
    CsvTable,
    MoneyColumn,
    Row,
    UnitsWidget,
    YesNoWidget,
    cell,
    errors_by_column,
    text_field,
)

#: Where a model calls something by another name than the table does.
_COLUMNS: dict[tuple[type[Model], str], str] = {
    (Variant, "sku"): "variant_sku",
    (Variant, "name"): "variant",
    (Variant, "stock"): "supplied",
}


class ProductTable(CsvTable):
    """Products, a row for each variant of theirs."""

    needed = ("sku", "name", "list_price", "variant_sku", "supplied")

    sku = fields.Field(column_name="sku", attribute="product__sku", readonly=True)
    name = text_field("name", "product__name")
    slug = text_field("slug", "product__slug")
    text = text_field("text", "product__text")
    currency = fields.Field(column_name="currency", attribute="product__currency", readonly=True)
    list_price = MoneyColumn(column_name="list_price", attribute="product__list_price")
    sold_at_list_price = fields.Field(
        column_name="sold_at_list_price",
        attribute="product__sold_at_list_price",
        widget=YesNoWidget(),
        saves_null_values=False,
    )
    variant_sku = fields.Field(column_name="variant_sku", attribute="sku", readonly=True)
    variant = text_field("variant", "name")
    supplied = fields.Field(
        column_name="supplied", attribute="stock", widget=UnitsWidget(), saves_null_values=False
    )
    in_orders = fields.Field(column_name="in_orders", attribute="claimed", readonly=True)

    class Meta:
        model = Variant
        fields = (
            *("sku", "name", "slug", "text", "currency", "list_price", "sold_at_list_price"),
            *("variant_sku", "variant", "supplied", "in_orders"),
        )
        import_order = export_order = fields
        skip_unchanged = True
        report_skipped = True

    def get_or_init_instance(self, instance_loader: Any, row: Row) -> tuple[Variant, bool]:
        """The variant of a row, with its product; either of them may be new.

        :raises ValidationError: its sku is another product's
        """
        sku = cell(row, "sku")
        variant_sku = cell(row, "variant_sku") or sku
        product = Product.objects.select_for_update(no_key=True).filter(sku=sku).first()
        variant = Variant.objects.select_related("product").filter(sku=variant_sku).first()
        if variant is not None and variant.product.sku != sku:
            raise ValidationError(
                {"variant_sku": f"{variant_sku} is a variant of {variant.product.sku}."}
            )
        if product is None:
            product = _new_product(row, sku)
        elif cell(row, "currency") not in {"", product.currency}:
            raise ValidationError({"currency": f"{sku} keeps its currency, {product.currency}."})
        if variant is not None:
            variant.product = product
            return variant, False
        return Variant(product=product, sku=variant_sku, stock=0), True

    def skip_row(
        self,
        instance: Variant,
        original: Variant,
        row: Row,
        import_validation_errors: Any = None,
    ) -> bool:
        """Whether the row says what is there already."""
        if import_validation_errors or instance.pk is None:
            return False
        return all(
            field.get_value(instance) == field.get_value(original)
            for field in self.get_import_fields()
        )

    def validate_instance(
        self,
        instance: Variant,
        import_validation_errors: Any = None,
        validate_unique: bool = True,
    ) -> None:
        """:raises ValidationError: everything that is wrong with the product or its variant"""
        errors: dict[str, list[str]] = errors_by_column(import_validation_errors)
        product = instance.product
        for row, exclude in ((product, []), (instance, ["product"])):
            try:
                row.full_clean(exclude=exclude)
            except ValidationError as error:
                for name, messages in error.message_dict.items():
                    errors.setdefault(_COLUMNS.get((type(row), name), name), []).extend(messages)
        if instance.stock < instance.claimed:
            errors["supplied"] = [f"{instance.stock} is fewer than the {instance.claimed} claimed."]
        others = product.variants.exclude(pk=instance.pk) if product.pk else []
        if others and not (instance.name and all(each.name for each in others)):
            errors["variant"] = ["Where there are several variants, each needs a name."]
        elif not instance.name and instance.sku != product.sku:
            errors["variant_sku"] = ["A variant without a name has the product's own sku."]
        if errors:
            raise ValidationError(errors)

    def save_instance(self, instance: Variant, is_create: bool, row: Row, **kwargs: Any) -> None:
        """Write the product and its variant; a dry run is taken back with its transaction."""
        now, product = timezone.now(), instance.product
        product.save()
        record_list_price(product, now=now)
        instance.product_id = product.pk
        save_with_stock(
            instance,
            ["name", "stock"],
            reason=StockMovement.Reason.LOADED,
            now=now,
            made_by=kwargs.get("user"),
        )


def _new_product(row: Row, sku: str) -> Product:
    currency = cell(row, "currency")
    if not is_currency(currency):
        raise ValidationError(
            {"currency": f"{currency or 'Nothing'} is not a currency, as EUR is."}
        )
    slug = cell(row, "slug") or slugify(cell(row, "name"))[:80] or slugify(sku)
    return Product(sku=sku, slug=slug, currency=currency)
