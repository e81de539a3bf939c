"""Sales in the back office, and everything that can be decided about one."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone

from shop.catalog.models import Product
from shop.core.durations import exact_duration
from shop.merchant.forms.locking_admin import LockingModelAdmin
from shop.merchant.forms.picture_field import store_pictures
from shop.merchant.forms.read_only_admin import EVERYWHERE, ReadOnlyInline
from shop.merchant.pages import merchant_page
from shop.merchant.sales.actions import SALE_ACTIONS, SaleAction
from shop.merchant.sales.audit_log import history_of
from shop.merchant.sales.copies import copy_page
from shop.merchant.sales.deal_admin import DealInline
from shop.merchant.sales.deal_forms import DealFormSet
from shop.merchant.sales.impact import summary
from shop.merchant.sales.outstanding_offers import outstanding_offers
from shop.merchant.sales.sale_form import SaleForm
from shop.merchant.sales.sale_status import status_of, status_word
from shop.merchant.sales.window_summary import summary_of, summary_page
from shop.sales.hold_end import last_hold_ends_at
from shop.sales.lifecycle import SaleCanceled, publish
from shop.sales.models import Extension, Recall, Sale
from shop.staff.current import staff_of

#: Products that the page lists to choose from; any other is found by its sku.
LISTED = 2000


def limit_actions(form: Any, sale: Sale) -> None:
    """Offer nothing that cannot be done to a sale as it stands."""
    impossible = {act.name for act in SALE_ACTIONS if act.obstacle(sale)}
    if sale.state != Sale.State.DRAFT:
        impossible.add("publish_sales")
    if form is not None:
        choices = form.fields["action"].choices
        form.fields["action"].choices = [each for each in choices if each[0] not in impossible]


class ExtensionInline(ReadOnlyInline):
    model = Extension
    fields = ("made_at", "made_by", "issued_before", "longer", "reason")
    readonly_fields = ("longer",)

    @admin.display(description="held longer by")
    def longer(self, extension: Extension) -> str:
        """By how much, in words."""
        return exact_duration(extension.seconds)


class RecallInline(ReadOnlyInline):
    model = Recall
    fields = ("made_at", "made_by", "deal", "issued_before", "reason")


@admin.register(Sale)
class SaleAdmin(LockingModelAdmin):
    """Sales, and everything that can be decided about one."""

    form = SaleForm
    inlines = (DealInline, ExtensionInline, RecallInline)
    list_display = ("title", "window", "phase", "slug")
    list_filter = ("state",)
    search_fields = ("title", "slug", "deals__product__sku")
    prepopulated_fields = {"slug": ("title",)}
    fieldsets = (
        ("What", {"fields": ("title", "slug", "text", "picture", "seen")}),
        ("When", {"fields": ("time_zone", "starts_at", "ends_at", "hold_seconds")}),
        ("Payment", {"fields": ("delayed_payment",)}),
    )
    actions = ("publish_sales", "extend", "recall", "unpublish", "cancel", "copy")

    def get_form(
        self, request: HttpRequest, obj: Sale | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form, knowing who fills it in."""
        form_class = super().get_form(request, obj, change, **kwargs)
        by = staff_of(request)

        class FormOfStaff(form_class):  # type: ignore[misc, valid-type]
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, by=by, **kwargs)

        return FormOfStaff

    def get_fieldsets(self, request: HttpRequest, obj: Sale | None = None) -> Any:
        """The form's fields; for who may only look, what they say to people."""
        if self._may_write(request, obj):
            return super().get_fieldsets(request, obj)
        return (
            ("What", {"fields": ("title", "slug", "text")}),
            ("When", {"fields": ("time_zone", "window", "hold_text")}),
            ("Payment", {"fields": ("delayed_payment",)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Sale | None = None) -> Any:
        return () if self._may_write(request, obj) else ("window", "hold_text")

    def _may_write(self, request: HttpRequest, sale: Sale | None) -> bool:
        if sale is None:
            return self.has_add_permission(request)
        return self.has_change_permission(request, sale)

    @admin.display(description="prices are held for")
    def hold_text(self, sale: Sale) -> str:
        """The hold in words."""
        return exact_duration(sale.hold_seconds)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list of sales, with the rows that ``phase`` reads."""
        changelist = super().get_changelist_instance(request)
        changelist.result_list = changelist.result_list.prefetch_related("extensions", "recalls")
        return changelist

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        # An address does not follow a new title by itself.
        return {} if obj else super().get_prepopulated_fields(request, obj)

    def get_inlines(self, request: HttpRequest, obj: Sale | None) -> list[Any]:
        """The deals; what was lengthened and taken back where anything was."""
        records: list[Any] = []
        if obj is not None and obj.extensions.exists():
            records.append(ExtensionInline)
        if obj is not None and obj.recalls.exists():
            records.append(RecallInline)
        return [DealInline, *records]

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
        view = self.admin_site.admin_view
        acts = [
            path(
                f"<int:pk>/{act.name}/", view(self.act_view), {"act": act}, f"sales_sale_{act.name}"
            )
            for act in SALE_ACTIONS
        ]
        others = [
            path("<int:pk>/copy/", view(copy_page), name="sales_sale_copy"),
            path("window-summary/", view(summary_page), name="sales_sale_window_summary"),
        ]
        return [*acts, *others, *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Say where the sale stands, what its window means, and what saving it would bring."""
        now = timezone.now()
        # As its row says: a form that was sent has written into the one at hand.
        sent: Sale | None = kwargs.get("obj")
        sale = Sale.objects.get(pk=sent.pk) if sent is not None else None
        deals = context["inline_admin_formsets"][0].formset
        impact = getattr(deals, "impact", None)
        if impact is not None:
            if not context["adminform"].form.errors:
                context |= {"impact": impact, "errors": []}
            deals.forget_asking()
        context["products"] = Product.objects.order_by("name").values_list("sku", "name")[:LISTED]
        context["window_summary"] = summary_of(context["adminform"].form, now)
        if sale is not None:
            limit_actions(context["action_form"], sale)
            context["status"] = status_of(sale, last_hold_ends_at(sale), now)
            # The impact says it already.
            out = None if context.get("impact") else outstanding_offers(sale, now)
            context["outstanding"] = summary(out, sale) if out else ""
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Sale, form: Any, change: bool) -> None:
        store_pictures(form)
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        if isinstance(formset, DealFormSet):
            now = timezone.now()
            for edit in formset.edits:
                edit.record(by=staff_of(request), now=now)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if form.instance.state == Sale.State.PUBLISHED:
            # Deals that came later need their reference price.
            publish(form.instance, now=timezone.now())

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Who did what to a sale, when and why, and how it was before."""
        sale = self.get_object(request, object_id)
        if sale is None:
            raise Http404
        if not self.has_view_or_change_permission(request, sale):
            raise PermissionDenied
        return merchant_page(
            request,
            "merchant/history.html",
            f"What was done to {sale}",
            about=sale,
            sale=sale,
            moments=history_of(sale),
        )

    @admin.display(ordering="starts_at")
    def window(self, sale: Sale) -> str:
        """From when to when, in the sale's own zone."""
        starts_at, ends_at = (at.astimezone(sale.zone) for at in (sale.starts_at, sale.ends_at))
        last = f"{ends_at:%H:%M}" if ends_at.date() == starts_at.date() else f"{ends_at:%F %H:%M}"
        return f"{starts_at:%F %H:%M} to {last}, {sale.time_zone}"

    @admin.display(description="now", ordering="state")
    def phase(self, sale: Sale) -> str:
        """Where it stands by the clock and by its merchant's will."""
        return status_word(sale, timezone.now())

    @admin.action(description="Publish", permissions=["change"], location=EVERYWHERE)
    def publish_sales(self, request: HttpRequest, sales: QuerySet[Sale]) -> None:
        now = timezone.now()
        for sale in sales:
            try:
                publish(sale, now=now, by=staff_of(request))
            except SaleCanceled as refusal:
                self.message_user(request, f"{sale}: {refusal}.", messages.ERROR)
            else:
                self.message_user(request, f"{sale} is published.")

    @admin.action(
        description="Hold offers for longer…", permissions=["change"], location=EVERYWHERE
    )
    def extend(self, request: HttpRequest, sales: QuerySet[Sale]) -> HttpResponse | None:
        return self._go_to(request, sales, "extend")

    @admin.action(description="Recall offers…", permissions=["change"], location=EVERYWHERE)
    def recall(self, request: HttpRequest, sales: QuerySet[Sale]) -> HttpResponse | None:
        return self._go_to(request, sales, "recall")

    @admin.action(description="Hide the sale…", permissions=["change"], location=EVERYWHERE)
    def unpublish(self, request: HttpRequest, sales: QuerySet[Sale]) -> HttpResponse | None:
        return self._go_to(request, sales, "unpublish")

    @admin.action(description="Cancel the sale…", permissions=["change"], location=EVERYWHERE)
    def cancel(self, request: HttpRequest, sales: QuerySet[Sale]) -> HttpResponse | None:
        return self._go_to(request, sales, "cancel")

    @admin.action(description="Copy, repeat…", permissions=["add"], location=EVERYWHERE)
    def copy(self, request: HttpRequest, sales: QuerySet[Sale]) -> HttpResponse | None:
        return self._go_to(request, sales, "copy")

    def _go_to(self, request: HttpRequest, sales: QuerySet[Sale], name: str) -> HttpResponse | None:
        chosen = sales[:2]
        if len(chosen) != 1:
            self.message_user(request, "Choose one sale for this.", messages.ERROR)
            return None
        return redirect(f"admin:sales_sale_{name}", chosen[0].pk)

    @transaction.atomic
    def act_view(self, request: HttpRequest, pk: int, act: SaleAction) -> HttpResponse:
        """The page of an act: what it will do, its form, and the doing of it."""
        now = timezone.now()
        sales = Sale.objects.all()
        if request.method == "POST":
            sales = sales.select_for_update(no_key=True)
        sale = get_object_or_404(sales, pk=pk)
        if not self.has_change_permission(request, sale):
            raise PermissionDenied
        if reason := act.obstacle(sale):
            self.message_user(request, reason, messages.ERROR)
            return redirect("admin:sales_sale_change", pk)
        form = act.form(request.POST or None, sale=sale, now=now)
        if form.is_valid():
            self.message_user(request, act.perform(form, staff_of(request)))
            return HttpResponseRedirect("../change/")
        return merchant_page(
            request,
            "merchant/sale_action.html",
            f"{act.title}: {sale}",
            about=sale,
            sale=sale,
            action=act,
            form=form,
            now=now,
            out=outstanding_offers(sale, now),
        )
