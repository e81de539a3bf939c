"""Products as a table, a row for each variant."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.text import slugify

from shop.catalog.models import Product, StockMovement, Variant, validate_names
from shop.catalog.stock import record_supplies
from shop.core.money import validate_currency
from shop.core.upserts import update_in_bulk
from shop.merchant.catalog.product_addresses import ProductAddresses
from shop.merchant.catalog.product_columns import CHOICES
from shop.merchant.catalog.product_rows import arrange
from shop.merchant.forms.csv_tables import CsvTable, Overtaken, in_batches
from shop.merchant.forms.table_columns import (
    MoneyColumn,
    NameWidget,
    Row,
    UnitsWidget,
    YesNoWidget,
    cell,
    column,
    fixed_column,
)
from shop.merchant.forms.table_rows import TableRows
from shop.sales.reference_prices import list_prices_changed, lock_products
from shop.staff.models import Staff

#: What a file writes of an existing product, and of a variant.
_PRODUCT_FIELDS = ("name", "slug", "text", "list_price", "sold_at_list_price")
_VARIANT_FIELDS = ("name", "stock")


class ProductTable(CsvTable):
    """Products, a row for each variant."""

    needed = ("sku",)
    needed_of_new = ("name", "list_price")
    together = "sku"
    choices = CHOICES
    sample_name = "products.csv"
    sample = (
        (
            *("MUG", "Stoneware mug", "stoneware-mug", "Holds 300 ml.", "EUR", "49.90", "yes"),
            *("MUG", "", "40", "0"),
        ),
        (*("TEE", "Tee", "", "Of cotton.", "EUR", "19.90", "yes"), *("TEE-M", "M", "12", "0")),
        (*("TEE", "Tee", "", "", "", "", ""), *("TEE-L", "L", "8", "0")),
    )

    sku = fixed_column("product__sku")
    name = column("product__name", NameWidget())
    slug = column("product__slug")
    text = column("product__text")
    currency = fixed_column("product__currency")
    list_price = MoneyColumn("product__list_price")
    sold_at_list_price = column("product__sold_at_list_price", YesNoWidget())
    variant_sku = fixed_column("sku")
    variant = column("name", NameWidget())
    supplied = column("stock", UnitsWidget())
    in_orders = fixed_column("claimed")

    class Meta(CsvTable.Meta):
        model = Variant
        fields = (
            *("sku", "name", "slug", "text", "currency", "list_price", "sold_at_list_price"),
            *("variant_sku", "variant", "supplied", "in_orders"),
        )

    @classmethod
    def arrange(cls, rows: TableRows) -> TableRows:
        """A row for each variant, also of files that write them in other ways."""
        return arrange(rows)

    def load(self, rows: list[Row]) -> None:
        """The products and variants of the rows, their siblings, and the addresses in use."""
        named = {cell(row, "variant_sku") or cell(row, "sku") for row in rows}
        owners = Variant.objects.values_list("sku", "product__sku")
        self._owners = dict(in_batches(owners, "sku", named))
        skus = {cell(row, "sku") for row in rows} | set(self._owners.values())
        self._products = {each.sku: each for each in in_batches(Product.objects.all(), "sku", skus)}
        by_key = {each.pk: each for each in self._products.values()}
        found = list(in_batches(Variant.objects.all(), "product", by_key))
        self._siblings: defaultdict[str, list[Variant]] = defaultdict(list)
        for variant in found:
            variant.product = by_key[variant.product_id]
            self._siblings[variant.product.sku].append(variant)
        self._variants = {each.sku: each for each in found}
        self._rows_of = Counter(cell(row, "sku") for row in rows)
        new = [row for row in rows if cell(row, "sku") not in self._products]
        self._addresses = ProductAddresses(rows, new)
        self._given: dict[str, dict[str, int]] = defaultdict(dict)
        self._before = {each.pk: _of_product(each) for each in self._products.values()}
        self._variants_before = {each.pk: _of_variant(each) for each in found}

    def get_or_init_instance(self, instance_loader: Any, row: Row) -> tuple[Variant, bool]:
        """The variant of a row, with its product; either of them may be new.

        :raises ValidationError: its sku is another product's, or another row's
        """
        product = self._product_of(row)
        variant_sku = self._variant_sku(row, product)
        self.once(variant_sku, "variant_sku", variant_sku)
        variant = self._variants.get(variant_sku)
        if variant is None:
            variant = self._variants[variant_sku] = Variant(
                product=product, sku=variant_sku, stock=0
            )
            self._siblings[product.sku].append(variant)
            return variant, True
        if variant.product.sku != product.sku:
            raise ValidationError(
                {"variant_sku": f"{variant_sku} is a variant of {variant.product.sku}."}
            )
        variant.product = product
        return variant, variant.pk is None

    def _product_of(self, row: Row) -> Product:
        """:raises ValidationError: it is new and has no sku, or its currency will not do"""
        sku, currency = cell(row, "sku"), cell(row, "currency").upper()
        if sku not in self._products and not cell(row, "variant_sku"):
            # People name a variant alone, too.
            sku = self._owners.get(sku, sku)
        if not sku:
            raise ValidationError({"sku": "Each row needs the sku of its product."})
        product = self._products.get(sku)
        if product is None:
            product = self._products[sku] = self._new_product(row, sku)
        elif currency not in {"", product.currency}:
            raise ValidationError({"currency": f"{sku} keeps its currency, {product.currency}."})
        return product

    def _new_product(self, row: Row, sku: str) -> Product:
        """:raises ValidationError: its currency is none"""
        currency = cell(row, "currency").upper()
        if not currency:
            currency = settings.SHOP_CURRENCY
            note = f"What has no currency of its own is in {currency}, the shop’s currency."
            self.notes = [note]
        try:
            validate_currency(currency)
        except ValidationError as error:
            raise ValidationError({"currency": error}) from None
        return Product(sku=sku, slug=self._addresses.of_new(row, sku), currency=currency)

    def _variant_sku(self, row: Row, product: Product) -> str:
        """The sku of a row's variant: written, by its name, or the product's own.

        :raises ValidationError: it may be that of several
        """
        sku, name, siblings = cell(row, "sku"), cell(row, "variant"), self._siblings[product.sku]
        if written := cell(row, "variant_sku"):
            return written
        if sku in self._variants or not (siblings or (name and self._rows_of[sku] > 1)):
            return sku
        if name:
            of_name = (each.sku for each in siblings if each.name == name)
            return next(of_name, f"{sku}-{slugify(name)}"[:64])
        if cell(row, "supplied"):
            raise ValidationError(
                {"variant_sku": f"{sku} has several variants: write the sku of one of them."}
            )
        # What is said of the product alone may be written with any of them.
        return siblings[0].sku

    def import_instance(self, instance: Variant, row: Any, **kwargs: Any) -> None:
        """Write a row's cells into the variant and its product.

        :raises ValidationError: a cell cannot be read, or an earlier row of the product says
            something else
        """
        product = instance.product
        unread: dict[str, Any] = {}
        before = _of_product(product)
        try:
            super().import_instance(instance, row, **kwargs)
        except ValidationError as error:
            unread = error.update_error_dict(unread)
        given = self._given[product.sku]
        for name, was, is_now in zip(_PRODUCT_FIELDS, before, _of_product(product), strict=True):
            if not cell(row, name):
                continue
            line = given.setdefault(name, self.line)
            if was != is_now and line != self.line:
                unread[f"product__{name}"] = ValidationError(
                    f"Line {line:,} says something else of {product.sku}, and all variants of a "
                    f"product have one {name}: write the same, or give this one another sku."
                )
                setattr(product, name, was)
        if unread:
            raise ValidationError(unread)

    def state_of(self, instance: Variant) -> tuple[Any, ...]:
        """All that a row may write of a variant and its product."""
        return (*_of_product(instance.product), *_of_variant(instance))

    def checks(
        self, instance: Variant, unread: Collection[str]
    ) -> Iterator[tuple[str, Callable[[], None]]]:
        """Of the product, its variant, and the names of all its variants."""
        product = instance.product
        of_product = {name.removeprefix("product__") for name in unread}
        empty = [name for name in self.needed_of_new if getattr(product, name) in {None, ""}]
        if product.pk is None:
            missing = [name for name in empty if name not in of_product]
            yield "product__", partial(_refuse_missing, missing)
        yield "product__", partial(product.clean_fields, exclude={*of_product, *empty})
        yield "product__", product.clean
        yield "product__", partial(self._addresses.check, product)
        yield "", partial(instance.clean_fields, exclude={"product", *unread})
        yield "", instance.clean
        yield "", partial(validate_names, self._siblings[product.sku])
        yield "", partial(self._check_name, instance)

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


def _refuse_missing(names: Collection[str]) -> None:
    """:raises ValidationError: there are any"""
    what = {"name": "A new product needs a name.", "list_price": "A new product needs a price."}
    if names:
        raise ValidationError({name: what[name] for name in names})
