"""Products in the back office."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, Value
from django.http import HttpRequest
from django.urls import URLPattern, path

from shop.catalog.models import Product, StockMovement, Variant
from shop.catalog.stock import save_with_stock
from shop.core.money import format_money
from shop.core.requests import now_of
from shop.merchant.catalog.price_history_view import price_history_page, take_back_page
from shop.merchant.catalog.product_csv import ProductTable
from shop.merchant.catalog.product_forms import ProductForm, VariantForm, VariantFormSet
from shop.merchant.catalog.stock_view import stock_page
from shop.merchant.forms.csv_admin import CsvAdmin
from shop.merchant.forms.kept_rows import KeptRows
from shop.merchant.forms.locking_admin import LockingInline, LockingModelAdmin
from shop.merchant.forms.picture_field import store_pictures
from shop.merchant.forms.row_actions import page_action
from shop.sales.reference_prices import list_price_changed, lowest_price_before
from shop.staff.current import staff_of


class VariantInline(LockingInline):
    model = Variant
    form = VariantForm
    formset = VariantFormSet
    can_delete = False
    min_num = 1
    fields = ("sku", "name", "position", "stock", "claimed")
    readonly_fields = ("claimed",)


@admin.register(Product)
class ProductAdmin(KeptRows, CsvAdmin, LockingModelAdmin):  # type: ignore[misc]
    """Products. None is deleted: it may be in a bag, at a price that is held."""

    form = ProductForm
    resource_classes = (ProductTable,)
    inlines = (VariantInline,)
    actions = (
        page_action("move_stock", "admin:catalog_product_stock", "Stock…", "stock"),
        page_action("show_prices", "admin:catalog_product_prices", "Prices…", "view"),
    )
    list_display = ("name", "sku", "price", "left", "sold_at_list_price")
    search_fields = ("name__folded", "sku", "variants__sku")
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = ("lowest_price",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        products: QuerySet[Product] = super().get_queryset(request).prefetch_related("variants")
        # The instant for ``lowest_price``, which Django calls without the request.
        return products.annotate(as_of=Value(now_of(request)))

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        # The address of an existing product does not follow its name.
        return {} if obj else super().get_prepopulated_fields(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def why_kept(self, row: Product) -> str:
        """No product is deleted."""
        return (
            f"{row.name} is kept: it may lie in bags at a price that is held, and orders name it. "
            "To sell it no more, take it off its list price, and withdraw its deals."
        )

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The form, with who fills it in."""
        form_class = super().get_form(request, *args, **kwargs)
        return type("ProductFormByStaff", (form_class,), {"by": staff_of(request)})

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:
        store_pictures(form, request)
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the variants, and record the list price and whether it can be bought."""
        super().save_related(request, form, formsets, change)
        list_price_changed(form.instance, now=now_of(request))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save variants; the stock of a new one is recorded as supplied."""
        if formset.model is not Variant:
            super().save_formset(request, form, formset, change)
            return
        formset.save(commit=False)
        for variant, fields in sorted(formset.changed_objects, key=lambda pair: pair[0].pk):
            variant.save(update_fields=fields)
        for variant in formset.new_objects:
            save_with_stock(
                variant,
                [],
                reason=StockMovement.Reason.SUPPLIED,
                now=now_of(request),
                made_by=staff_of(request),
            )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        prices = "<int:pk>/prices/"
        return [
            path("<int:pk>/stock/", view(stock_page), name="catalog_product_stock"),
            path(prices, view(price_history_page), name="catalog_product_prices"),
            path(
                f"{prices}<slug:sale>/<str:since>/",
                view(take_back_page),
                name="catalog_product_take_back",
            ),
            *super().get_urls(),
        ]

    def has_stock_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("catalog.add_stockmovement")

    def get_export_queryset(self, request: HttpRequest) -> QuerySet[Variant]:
        """A row for each variant of the products that the list shows."""
        products = super().get_export_queryset(request)
        variants = Variant.objects.filter(product__in=products).select_related("product")
        return variants.order_by("product__sku", "position", "pk")

    @admin.display(description="list price", ordering="list_price")
    def price(self, product: Product) -> str:
        return format_money(product.list_price, product.currency)

    @admin.display(description="lowest price of the last 30 days")
    def lowest_price(self, product: Any) -> str:
        """What a sale opening now would strike through (98/6/EC, article 6a)."""
        if product.pk is None:
            return "Known once it is saved."
        lowest = lowest_price_before(product.pk, product.as_of)
        if lowest is None:
            return "None: it could not be bought. A sale opening now would strike nothing through."
        return format_money(lowest, product.currency)

    @admin.display(description="left of supplied")
    def left(self, product: Product) -> str:
        variants = product.variants.all()
        supplied = sum(variant.stock for variant in variants)
        return f"{supplied - sum(variant.claimed for variant in variants)} of {supplied}"
