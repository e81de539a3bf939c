"""Sales in the back office, and everything that can be decided about one."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from shop.merchant.acts import ACTS, Act
from shop.merchant.careful import CarefulAdmin, CarefulInline
from shop.merchant.forms import DealForm, SaleForm
from shop.merchant.records import EVERYWHERE, RecordInline
from shop.money import format_money
from shop.sales.models import Deal, Extension, Recall, Sale
from shop.sales.publishing import SaleCanceled, publish, unpublish
from shop.staff.models import Staff


class DealInline(CarefulInline):
    model = Deal
    form = DealForm
    autocomplete_fields = ("product",)
    fields = (
        "product",
        "position",
        "price",
        "was_text",
        "allocation",
        "claimed",
        "max_per_shopper",
        "withdrawn",
    )
    readonly_fields = ("was_text", "claimed")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        # A lock on a deal is none on its product.
        return rows if request.method == "POST" else rows.select_related("product", "sale")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Offers of it may be out: it can be withdrawn.
        if obj is not None and obj.published_at is not None:
            return False
        return super().has_delete_permission(request, obj)

    @admin.display(description="was")
    def was_text(self, deal: Deal) -> str:
        return format_money(deal.was, deal.product.currency) if deal.was else "at publication"


class ExtensionInline(RecordInline):
    model = Extension
    fields = ("made_at", "made_by", "issued_before", "seconds", "reason")


class RecallInline(RecordInline):
    model = Recall
    fields = ("made_at", "made_by", "deal", "issued_before", "reason")


@admin.register(Sale)
class SaleAdmin(CarefulAdmin):
    """Sales, and everything that can be decided about one."""

    form = SaleForm
    inlines = (DealInline, ExtensionInline, RecallInline)
    list_display = ("title", "slug", "window", "state")
    list_filter = ("state",)
    search_fields = ("title", "slug", "deals__product__sku")
    fields = (
        "title",
        "slug",
        "text",
        "time_zone",
        "starts_at",
        "ends_at",
        "hold_seconds",
        "delayed_payment",
        "state",
        "published_at",
    )
    readonly_fields = ("state", "published_at")
    actions = ("publish_sales", "unpublish_sales", "extend", "recall", "cancel")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Nor several at once: that asks without saying which.
        if obj is None or obj.published_at is not None:
            return False
        return super().has_delete_permission(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes with a draft: its deals, of which nothing was promised, whoever lists them."""
        to_delete, counts, _, protected = super().get_deleted_objects(objs, request)
        return to_delete, counts, set(), protected

    def get_urls(self) -> list[URLPattern]:
        acts = [
            path(
                f"<int:pk>/{act.name}/",
                self.admin_site.admin_view(self.act_view),
                {"act": act},
                name=f"sales_sale_{act.name}",
            )
            for act in ACTS
        ]
        return acts + super().get_urls()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if form.instance.state == Sale.State.PUBLISHED:
            # Deals that came later need their reference price.
            publish(form.instance, now=timezone.now())

    @admin.display(ordering="starts_at")
    def window(self, sale: Sale) -> str:
        """From when to when, in the sale's own zone."""
        starts_at, ends_at = (at.astimezone(sale.zone) for at in (sale.starts_at, sale.ends_at))
        last = f"{ends_at:%H:%M}" if ends_at.date() == starts_at.date() else f"{ends_at:%F %H:%M}"
        return f"{starts_at:%F %H:%M} to {last}, {sale.time_zone}"

    @admin.action(description="Publish", permissions=["change"], location=EVERYWHERE)
    def publish_sales(self, request: HttpRequest, sales: QuerySet[Sale]) -> None:
        now = timezone.now()
        for sale in sales:
            try:
                publish(sale, now=now)
            except SaleCanceled as refusal:
                self.message_user(request, f"{sale}: {refusal}.", messages.ERROR)
            else:
                self._tell(request, sale, f"{sale} is published.")

    @admin.action(description="Unpublish", permissions=["change"], location=EVERYWHERE)
    def unpublish_sales(self, request: HttpRequest, sales: QuerySet[Sale]) -> None:
        for sale in sales:
            try:
                unpublish(sale)
            except SaleCanceled as refusal:
                self.message_user(request, f"{sale}: {refusal}.", messages.ERROR)
            else:
                told = f"{sale} is hidden. Offers that are out stay honored."
                self._tell(request, sale, told)

    @admin.action(
        description="Hold offers for longer…", permissions=["change"], location=EVERYWHERE
    )
    def extend(self, request: HttpRequest, sales: QuerySet[Sale]) -> HttpResponse | None:
        return self._go_to_act(request, sales, "extend")

    @admin.action(description="Recall offers…", permissions=["change"], location=EVERYWHERE)
    def recall(self, request: HttpRequest, sales: QuerySet[Sale]) -> HttpResponse | None:
        return self._go_to_act(request, sales, "recall")

    @admin.action(description="Cancel the sale…", permissions=["change"], location=EVERYWHERE)
    def cancel(self, request: HttpRequest, sales: QuerySet[Sale]) -> HttpResponse | None:
        return self._go_to_act(request, sales, "cancel")

    def _go_to_act(
        self, request: HttpRequest, sales: QuerySet[Sale], name: str
    ) -> HttpResponse | None:
        chosen = sales[:2]
        if len(chosen) != 1:
            self.message_user(request, "Choose one sale for this.", messages.ERROR)
            return None
        return redirect(f"admin:sales_sale_{name}", chosen[0].pk)

    @transaction.atomic
    def act_view(self, request: HttpRequest, pk: int, act: Act) -> HttpResponse:
        """The page of an act: what it will do, its form, and the doing of it."""
        sales = Sale.objects.all()
        if request.method == "POST":
            sales = sales.select_for_update(no_key=True)
        sale = get_object_or_404(sales, pk=pk)
        if not self.has_change_permission(request, sale):
            raise PermissionDenied
        if reason := act.impossible(sale):
            self.message_user(request, reason, messages.ERROR)
            return redirect("admin:sales_sale_change", pk)
        form = act.form(request.POST or None, sale=sale)
        if form.is_valid():
            assert isinstance(request.user, Staff)
            self._tell(request, sale, act.perform(form, request.user, timezone.now()))
            return HttpResponseRedirect("../change/")
        context = {
            **self.admin_site.each_context(request),
            "title": f"{act.title}: {sale}",
            "opts": self.opts,
            "sale": sale,
            "act": act,
            "form": form,
        }
        return TemplateResponse(request, "merchant/act.html", context)

    def _tell(self, request: HttpRequest, sale: Sale, what: str) -> None:
        """Say what was done to a sale, and leave it in its history."""
        self.log_change(request, sale, what)
        self.message_user(request, what)
