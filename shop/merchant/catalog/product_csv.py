"""Products as CSV, a row for each variant."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.functional import cached_property
from django.utils.text import slugify

from shop.catalog.models import Product, StockMovement, Variant, validate_names
from shop.catalog.stock import record_supplies
from shop.core.money import validate_currency
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
from shop.sales.reference_prices import list_prices_changed, lock_products
from shop.staff.models import Staff

#: What a file writes of an existing product, and of a variant.
_PRODUCT_FIELDS = ("name", "slug", "text", "list_price", "sold_at_list_price")
_VARIANT_FIELDS = ("name", "stock")


class ProductTable(CsvTable):
    """Products, a row for each variant."""

    needed = ("sku", "name", "list_price", "variant_sku", "supplied")
    together = "sku"

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

    def load(self, rows: list[Row]) -> None:
        """The products and variants of the rows, their siblings, and the addresses in use."""
        skus = {cell(row, "sku") for row in rows}
        self._products = {each.sku: each for each in in_batches(Product.objects.all(), "sku", skus)}
        by_key = {each.pk: each for each in self._products.values()}
        found = list(in_batches(Variant.objects.all(), "product", by_key))
        for variant in found:
            variant.product = by_key[variant.product_id]
        self._variants = {each.sku: each for each in found}
        named = {cell(row, "variant_sku") or cell(row, "sku") for row in rows}
        others = Variant.objects.select_related("product")
        for variant in in_batches(others, "sku", named - self._variants.keys()):
            self._variants[variant.sku] = variant
        self._siblings: defaultdict[str, list[Variant]] = defaultdict(list)
        for variant in self._variants.values():
            self._siblings[variant.product.sku].append(variant)
        #: What the file says of a product's field, and in which row.
        self._said: dict[tuple[str, str], tuple[Any, int]] = {}
        slugs = {cell(row, "slug") for row in rows} | {_new_slug(row) for row in rows}
        in_use = Product.objects.values_list("slug", "sku")
        self._slugs = dict(in_batches(in_use, "slug", slugs - {""}))
        self._before = {each.pk: _of_product(each) for each in self._products.values()}
        self._variants_before = {each.pk: _of_variant(each) for each in found}

    def get_or_init_instance(self, instance_loader: Any, row: Row) -> tuple[Variant, bool]:
        """The variant of a row, with its product; either of them may be new.

        :raises ValidationError: its sku is another product's, or another row's
        """
        sku = cell(row, "sku")
        variant_sku = cell(row, "variant_sku") or sku
        product, variant = self._products.get(sku), self._variants.get(variant_sku)
        if variant is not None and variant.product.sku != sku:
            raise ValidationError(
                {"variant_sku": f"{variant_sku} is a variant of {variant.product.sku}."}
            )
        if product is None:
            product = self._products[sku] = _new_product(row, sku)
        elif cell(row, "currency") not in {"", product.currency}:
            raise ValidationError({"currency": f"{sku} keeps its currency, {product.currency}."})
        self.once(variant_sku, "variant_sku", variant_sku)
        if variant is not None:
            variant.product = product
            return variant, False
        variant = Variant(product=product, sku=variant_sku, stock=0)
        self._variants[variant_sku] = variant
        self._siblings[sku].append(variant)
        return variant, True

    def state_of(self, instance: Variant) -> tuple[Any, ...]:
        """All that a row may write of a variant and its product."""
        return (*_of_product(instance.product), *_of_variant(instance))

    def checks(
        self, instance: Variant, unread: Collection[str]
    ) -> Iterator[tuple[str, Callable[[], None]]]:
        """Of the product, its variant, and the names of all its variants."""
        product = instance.product
        of_product = [name.removeprefix("product__") for name in unread]
        yield "product__", partial(product.clean_fields, exclude=of_product)
        yield "product__", product.clean
        yield "product__", partial(self._check_slug, product)
        yield "", partial(instance.clean_fields, exclude={"product", *unread})
        yield "", instance.clean
        yield "", partial(validate_names, self._siblings[product.sku])
        yield "", partial(self._check_name, instance)

    def _read(self, instance: Variant, row: Row) -> bool:
        """As of every table.

        :raises ValidationError: also that an earlier row says something else of the product
        """
        is_changed = super()._read(instance, row)
        for name, column_name in self._product_columns:
            if not cell(row, column_name):
                continue
            product, value = instance.product, getattr(instance.product, name)
            said, number = self._said.setdefault((product.sku, name), (value, self._number))
            if said != value:
                problem = f"Row {number} says something else of {product.sku}."
                raise ValidationError({column_name: problem})
        return is_changed

    @cached_property
    def _product_columns(self) -> list[tuple[str, str]]:
        """The product's fields that a row writes, each with its column."""
        columns = {str(each.attribute): str(each.column_name) for each in self.fields.values()}
        return [(name, columns[f"product__{name}"]) for name in _PRODUCT_FIELDS]

    def _check_slug(self, product: Product) -> None:
        if self._slugs.setdefault(product.slug, product.sku) != product.sku:
            raise ValidationError({"slug": f"{self._slugs[product.slug]} has this address."})

    def _check_name(self, variant: Variant) -> None:
        names = [each.name for each in self._siblings[variant.product.sku]]
        if names.count(variant.name) > 1:
            raise ValidationError({"name": f"Another variant has the name {variant.name!r}."})

    def write(self, *, by: Staff, now: datetime) -> None:
        """Write products, variants and stock, and record the list prices that changed."""
        products = list({each.product.sku: each.product for each in self.planned}.values())
        old = [each for each in products if each.pk is not None]
        lock_products([each.pk for each in old])
        if any(_of_product(each) != self._before[each.pk] for each in _as_they_are(old)):
            raise Overtaken
        changed = [each for each in old if _of_product(each) != self._before[each.pk]]
        update_in_bulk(Product, changed, _PRODUCT_FIELDS)
        Product.objects.bulk_create(each for each in products if each.pk is None)
        self._write_variants(by=by, now=now)
        list_prices_changed([each.pk for each in products], now=now)

    def _write_variants(self, *, by: Staff, now: datetime) -> None:
        old = [each for each in self.planned if each.pk is not None]
        new = [each for each in self.planned if each.pk is None]
        locked = Variant.objects.select_for_update(no_key=True).order_by("pk")
        there = {each.pk: each for each in locked.filter(pk__in=[each.pk for each in old])}
        is_same = (_of_variant(there[each.pk]) == self._variants_before[each.pk] for each in old)
        if len(there) < len(old) or not all(is_same):
            raise Overtaken
        stock_before = {each.pk: each.stock for each in there.values()}
        for variant in new:
            # By now its product has a key.
            variant.product = variant.product
        Variant.objects.bulk_create(new)
        changed = [each for each in old if _of_variant(each) != self._variants_before[each.pk]]
        update_in_bulk(Variant, changed, _VARIANT_FIELDS)
        record_supplies(
            {each: each.stock - stock_before.get(each.pk, 0) for each in self.planned},
            reason=StockMovement.Reason.LOADED,
            now=now,
            made_by=by,
        )


def _as_they_are(products: list[Product]) -> Iterator[Product]:
    """Their rows, read again."""
    return in_batches(Product.objects.all(), "pk", [each.pk for each in products])


def _of_product(product: Product) -> tuple[Any, ...]:
    return tuple(getattr(product, name) for name in _PRODUCT_FIELDS)


def _of_variant(variant: Variant) -> tuple[Any, ...]:
    return tuple(getattr(variant, name) for name in _VARIANT_FIELDS)


def _new_slug(row: Row) -> str:
    """The address of a new product for which a row names none."""
    return slugify(cell(row, "name"))[:80] or slugify(cell(row, "sku"))


def _new_product(row: Row, sku: str) -> Product:
    currency = cell(row, "currency")
    try:
        validate_currency(currency)
    except ValidationError as error:
        raise ValidationError({"currency": error}) from None
    return Product(sku=sku, slug=cell(row, "slug") or _new_slug(row), currency=currency)
