"""Deals in the back office: the rows of a sale's form, and a list of them all."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from shop.core.money import format_money
from shop.merchant.forms.csv_admin import CsvAdmin
from shop.merchant.forms.locking_admin import LockingInline
from shop.merchant.forms.read_only_admin import ReadOnlyAdmin
from shop.merchant.sales.deal_csv import DealTable
from shop.merchant.sales.deal_forms import DealForm, DealFormSet
from shop.sales.models import Deal, Sale
from shop.sales.reference_prices import reference_prices


@admin.display(description="price", ordering="price")
def price_text(deal: Deal) -> str:
    """The price, formatted."""
    return format_money(deal.price, deal.product.currency)


class DealInline(LockingInline):
    model = Deal
    form = DealForm
    formset = DealFormSet
    fields = (
        "product",
        "name",
        "price",
        "was_text",
        "allocation",
        "claimed",
        "max_per_shopper",
        "position",
        "withdrawn",
    )
    readonly_fields = ("name", price_text, "was_text", "claimed")  # type: ignore[assignment]
    #: Reference prices by deal for ``was_text``, read once: each request has its own inline.
    _reference_prices: dict[int, int | None] | None = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("product", "sale")

    def get_fields(self, request: HttpRequest, obj: Sale | None = None) -> Any:
        """The form's fields; for viewers, the formatted price."""
        fields = super().get_fields(request, obj)
        if self.has_change_permission(request, obj):
            return fields
        return tuple(price_text if name == "price" else name for name in fields)

    def get_extra(self, request: HttpRequest, obj: Sale | None = None, **kwargs: Any) -> int:
        """One empty row if the sale has no deals yet."""
        return 0 if obj is not None and obj.deals.exists() else 1

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Offers may be outstanding: withdraw the deal instead.
        if obj is not None and obj.published_at is not None:
            return False
        return super().has_delete_permission(request, obj)

    @admin.display(description="what it is")
    def name(self, deal: Deal) -> str:
        """The name of the product."""
        return deal.product.name if deal.product_id else ""

    @admin.display(description="lowest of 30 days")
    def was_text(self, deal: Deal) -> str:
        """The reference price, also of a draft: the lowest price of the 30 days before."""
        if deal.pk is None:
            return ""
        lowest = deal.was if deal.was_as_of else self._of_draft(deal)
        return "none" if lowest is None else format_money(lowest, deal.product.currency)

    def _of_draft(self, deal: Deal) -> int | None:
        if self._reference_prices is None:
            self._reference_prices = reference_prices(deal.sale.deals.values_list("pk", flat=True))
        return self._reference_prices[deal.pk]


@admin.register(Deal)
class DealAdmin(ReadOnlyAdmin, CsvAdmin):  # type: ignore[misc]
    """All deals, read-only, with CSV export and import; the form of a sale edits them."""

    resource_classes = (DealTable,)
    list_display = ("product", "sale", price_text, "allocation", "claimed", "withdrawn")
    list_filter = ("sale", "withdrawn")
    search_fields = ("product__sku", "product__name__folded", "sale__slug", "sale__title__folded")
    ordering = ("-sale__starts_at", "position", "pk")
    list_select_related = ("product", "sale")
    list_display_links = None

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sales.change_deal")

    def get_export_queryset(self, request: HttpRequest) -> QuerySet[Deal]:
        return super().get_export_queryset(request).select_related("product", "sale")
