"""Products and deals as tables: out as CSV, and in again, all of it or nothing.

A row that will not do is named with what is wrong with it, and nothing of the
file is written. What a file leaves out stays as it is. Money is written in the
currency's unit, as people write it: 49.90.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import slugify
from import_export import fields, resources, widgets
from import_export.admin import ImportExportModelAdmin
from import_export.formats.base_formats import CSV

from shop.catalog.list_prices import record_list_price
from shop.catalog.models import Product, StockMovement, Variant
from shop.catalog.stock import save_with_stock
from shop.core.money import is_currency, major_units
from shop.merchant.forms.money_fields import payable
from shop.sales.models import Deal, Sale

type Row = Mapping[str, Any]


class MoneyWidget(widgets.Widget):
    """Minor units, written in the unit of the row's currency."""

    def clean(self, value: Any, row: Row | None = None, **kwargs: Any) -> int | None:
        """:raises ValueError: it is no amount of the currency that can be charged"""
        text, currency = str(value or "").strip(), kwargs["currency"]
        if not text:
            return None
        try:
            return payable(Decimal(text), currency)
        except InvalidOperation:
            raise ValueError(f"{text} is not an amount such as 49.90.") from None
        except ValidationError as error:
            raise ValueError(error.messages[0]) from None


class YesNoWidget(widgets.Widget):
    """A choice, as people write it."""

    def clean(self, value: Any, row: Row | None = None, **kwargs: Any) -> bool | None:
        """:raises ValueError: it is neither yes nor no"""
        match str(value or "").strip().lower():
            case "":
                return None
            case "yes" | "true" | "1":
                return True
            case "no" | "false" | "0":
                return False
        raise ValueError(f"{value} is neither yes nor no.")

    def render(self, value: Any, obj: Model | None = None, **kwargs: Any) -> str:
        return "yes" if value else "no"


class UnitsWidget(widgets.Widget):
    """A whole number of units."""

    def clean(self, value: Any, row: Row | None = None, **kwargs: Any) -> int | None:
        """:raises ValueError: it is none"""
        text = str(value if value is not None else "").strip()
        if not text:
            return None
        if not text.isascii() or not text.isdigit():
            raise ValueError(f"{text} is not a whole number of units.")
        return int(text)


class MoneyField(fields.Field):
    """A field of money; what its currency is, the instance says."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=MoneyWidget(), **options)

    def save(self, instance: Any, row: Row, is_m2m: bool = False, **kwargs: Any) -> None:
        """:raises ValueError: it is no amount of the currency"""
        product = instance.product
        amount = self.widget.clean(row[str(self.column_name)], row, currency=product.currency)
        if amount is not None:
            setattr(
                product if self.attribute == "product__list_price" else instance, self.name, amount
            )

    def export(self, instance: Any, **kwargs: Any) -> str:
        amount = self.get_value(instance)
        return "" if amount is None else str(major_units(amount, instance.product.currency))

    @property
    def name(self) -> str:
        """The attribute on the row that has it."""
        return str(self.attribute).rpartition("__")[2]


def _text(column: str, attribute: str) -> fields.Field:
    return fields.Field(
        column_name=column,
        attribute=attribute,
        widget=widgets.CharWidget(),
        saves_null_values=False,
    )


class Csv(CSV):
    """CSV as spreadsheets write it: with commas, or with semicolons where those are decimals."""

    def create_dataset(self, in_stream: Any, **kwargs: Any) -> Any:
        text = in_stream.decode("utf-8-sig") if isinstance(in_stream, bytes) else in_stream
        header = text.partition("\n")[0]
        delimiter = ";" if header.count(";") > header.count(",") else ","
        return super().create_dataset(text, delimiter=delimiter, **kwargs)


class Changes(resources.Diff):
    """What a row changes, field by field: before and after, in words and not in letters."""

    def as_html(self) -> list[SafeString]:
        return [
            format_html("{} → <ins>{}</ins>", before, after)
            if before != after and not self.new and before != ""
            else format_html("{}", after)
            for before, after in zip(self.left, self.right, strict=True)
        ]


class Table(resources.ModelResource):  # type: ignore[type-arg]
    """What both tables have in common: strict columns, and everything checked."""

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """:raises ValidationError: a column is missing, or nobody knows it"""
        known = {str(field.column_name) for field in self.fields.values()}
        given = {str(name).strip() for name in dataset.headers or ()}
        if unknown := sorted(given - known):
            raise ValidationError(
                f"Nobody knows the column {', '.join(unknown)}. "
                f"Known are {', '.join(sorted(known))}."
            )
        if missing := sorted(set(self.needed) - given):
            raise ValidationError(f"The column {', '.join(missing)} is missing.")

    needed: tuple[str, ...] = ()

    @classmethod
    def get_diff_class(cls) -> type[resources.Diff]:
        return Changes


class ProductTable(Table):
    """Products, a row for each variant of theirs."""

    needed = ("sku", "name", "list_price", "variant_sku", "supplied")

    sku = fields.Field(column_name="sku", attribute="product__sku", readonly=True)
    name = _text("name", "product__name")
    slug = _text("slug", "product__slug")
    text = _text("text", "product__text")
    currency = fields.Field(column_name="currency", attribute="product__currency", readonly=True)
    list_price = MoneyField(column_name="list_price", attribute="product__list_price")
    sold_at_list_price = fields.Field(
        column_name="sold_at_list_price",
        attribute="product__sold_at_list_price",
        widget=YesNoWidget(),
        saves_null_values=False,
    )
    variant_sku = fields.Field(column_name="variant_sku", attribute="sku", readonly=True)
    variant = _text("variant", "name")
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
        sku = _said(row, "sku")
        variant_sku = _said(row, "variant_sku") or sku
        product = Product.objects.select_for_update(no_key=True).filter(sku=sku).first()
        variant = Variant.objects.select_related("product").filter(sku=variant_sku).first()
        if variant is not None and variant.product.sku != sku:
            raise ValidationError(
                {"variant_sku": f"{variant_sku} is a variant of {variant.product.sku}."}
            )
        if product is None:
            product = _new_product(row, sku)
        elif _said(row, "currency") not in {"", product.currency}:
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
        errors: dict[str, list[str]] = _by_column(import_validation_errors)
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


class DealTable(Table):
    """The deals of sales. Those of a published one change on its page, which says what follows."""

    needed = ("sale", "sku", "price")

    sale = fields.Field(column_name="sale", attribute="sale__slug", readonly=True)
    sku = fields.Field(column_name="sku", attribute="product__sku", readonly=True)
    position = fields.Field(
        column_name="position", attribute="position", widget=UnitsWidget(), saves_null_values=False
    )
    currency = fields.Field(column_name="currency", attribute="product__currency", readonly=True)
    price = MoneyField(column_name="price", attribute="price")
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
        slug, sku = _said(row, "sale"), _said(row, "sku")
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
        errors = _by_column(import_validation_errors)
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


class CsvAdmin(ImportExportModelAdmin):  # type: ignore[type-arg]
    """A list that goes out as CSV, and comes in again by way of a preview."""

    formats = [Csv]
    from_encoding = "utf-8-sig"
    # One format, and all columns: nothing to choose.
    skip_export_form = True
    skip_admin_log = True
    # What failed is named by its message; a traceback is nobody's business.
    import_error_display = ("message",)

    def get_skip_admin_log(self) -> bool:
        """The rows' own records say what came of them: list prices, stock movements."""
        return self.skip_admin_log


#: Where a model calls something by another name than the table does.
_COLUMNS: dict[tuple[type[Model], str], str] = {
    (Variant, "sku"): "variant_sku",
    (Variant, "name"): "variant",
    (Variant, "stock"): "supplied",
}


def _said(row: Row, column: str) -> str:
    return str(row.get(column) or "").strip()


def _new_product(row: Row, sku: str) -> Product:
    currency = _said(row, "currency")
    if not is_currency(currency):
        raise ValidationError(
            {"currency": f"{currency or 'Nothing'} is not a currency, as EUR is."}
        )
    slug = _said(row, "slug") or slugify(_said(row, "name"))[:80] or slugify(sku)
    return Product(sku=sku, slug=slug, currency=currency)


def _by_column(errors: Any) -> dict[str, list[str]]:
    """Errors of the columns themselves, by the column and not by the attribute."""
    named: dict[str, list[str]] = {}
    for name, each in (errors or {}).items():
        column = {"stock": "supplied", "name": "variant"}.get(name, name.rpartition("__")[2])
        named[column] = [message for error in each for message in ValidationError(error).messages]
    return named
