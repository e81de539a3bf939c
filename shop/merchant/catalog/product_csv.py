"""Products as CSV, a row for each variant."""

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.text import slugify

from shop.catalog.models import Product, StockMovement, Variant, validate_names
from shop.catalog.stock import save_with_stock
from shop.core.money import validate_currency
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
from shop.sales.reference_prices import list_price_changed
from shop.staff.current import staff_of


class ProductTable(CsvTable):
    """Products, a row for each variant."""

    needed = ("sku", "name", "list_price", "variant_sku", "supplied")

    sku = fixed_column("product__sku")
    name = column("product__name")
    slug = column("product__slug")
    text = column("product__text")
    currency = fixed_column("product__currency")
    list_price = MoneyColumn("product__list_price")
    sold_at_list_price = column("product__sold_at_list_price", YesNoWidget())
    variant_sku = fixed_column("sku")
    variant = column("name")
    supplied = column("stock", UnitsWidget())
    in_orders = fixed_column("claimed")

    class Meta(CsvTable.Meta):
        model = Variant
        fields = (
            *("sku", "name", "slug", "text", "currency", "list_price", "sold_at_list_price"),
            *("variant_sku", "variant", "supplied", "in_orders"),
        )

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

    def skip_row(self, instance: Variant, *args: Any, **kwargs: Any) -> bool:
        """Whether the row says what is there already."""
        return instance.pk is not None and super().skip_row(instance, *args, **kwargs)

    def checks(
        self, instance: Variant, unread: Collection[str]
    ) -> Iterator[tuple[str, Callable[[], None]]]:
        """Of the product, its variant, and the names of all its variants."""
        product = instance.product
        others = product.variants.exclude(pk=instance.pk) if product.pk else ()
        of_product = [name.removeprefix("product__") for name in unread]
        yield "product__", partial(product.full_clean, exclude=of_product)
        yield "", partial(instance.full_clean, exclude={"product", *unread})
        yield "", partial(validate_names, [*others, instance])

    def save_instance(self, instance: Variant, is_create: bool, row: Row, **kwargs: Any) -> None:
        """Write the product and its variant; a dry run is taken back with its transaction."""
        request, product = kwargs["request"], instance.product
        product.save()
        instance.product_id = product.pk
        save_with_stock(
            instance,
            ["name", "stock"],
            reason=StockMovement.Reason.LOADED,
            now=request.now,
            made_by=staff_of(request),
        )
        list_price_changed(product, now=request.now)


def _new_product(row: Row, sku: str) -> Product:
    currency = cell(row, "currency")
    try:
        validate_currency(currency)
    except ValidationError as error:
        raise ValidationError({"currency": error}) from None
    slug = cell(row, "slug") or slugify(cell(row, "name"))[:80] or slugify(sku)
    return Product(sku=sku, slug=slug, currency=currency)
