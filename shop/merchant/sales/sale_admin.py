"""Sales in the back office."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet, Value
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse

from shop.catalog.models import Product
from shop.core.durations import exact_duration, several
from shop.core.formatting import hour, is_same_day, iso_minute, iso_second, to_the_minute
from shop.core.requests import now_of
from shop.merchant.forms.kept_rows import KeptRows
from shop.merchant.forms.locking_admin import LockingModelAdmin
from shop.merchant.forms.picture_field import store_pictures
from shop.merchant.forms.read_only_admin import ReadOnlyInline
from shop.merchant.forms.row_actions import EVERYWHERE, page_action
from shop.merchant.pages import merchant_page
from shop.merchant.sales.actions import SALE_ACTIONS, action_page
from shop.merchant.sales.audit_log import read_audit_log
from shop.merchant.sales.copies import copy_page
from shop.merchant.sales.deal_admin import DealInline
from shop.merchant.sales.field_changes import unsaved_changes
from shop.merchant.sales.impact import ChangeImpact, assess_impact, summary
from shop.merchant.sales.mending import mendable
from shop.merchant.sales.outstanding_offers import outstanding_offers
from shop.merchant.sales.publish_page import MOST_SALES, publish_page
from shop.merchant.sales.sale_form import SaleForm
from shop.merchant.sales.sale_status import status_of, status_word
from shop.merchant.sales.typed_checks import typed_checks_page, typed_findings
from shop.merchant.sales.window_summary import summary_of, summary_page
from shop.sales.audit import SALE_FIELDS
from shop.sales.hold_end import last_hold_ends_at, with_hold_rows
from shop.sales.models import Deal, Extension, Recall, Sale
from shop.sales.reference_prices import lock_products, work_out_reference_prices
from shop.sales.sense_facts import acknowledge, check_sale
from shop.staff.current import staff_of

#: Products that the page lists to choose from; any other is found by its sku.
LISTED = 2000
#: Warnings that are said after a sale was saved.
WARNED = 3

_WINDOW = ("time_zone", "starts_at", "ends_at", "hold_seconds")


def _fieldsets(more: tuple[str, ...], window: tuple[str, ...]) -> Any:
    """The form's groups; the first has every field that belongs to no other."""
    others = {"title", "picture", "delayed_payment", *_WINDOW}
    what = ("title", *(name for name in SALE_FIELDS if name not in others), *more)
    groups = (("What", what), ("When", window), ("Payment", ("delayed_payment",)))
    return tuple((title, {"fields": names}) for title, names in groups)


def limit_actions(form: Any, sale: Sale) -> None:
    """Remove actions that a sale does not allow from the choices of an action form."""
    impossible = {each.name for each in SALE_ACTIONS if each.obstacle(sale)}
    if sale.state != Sale.State.DRAFT:
        impossible.add("publish_sales")
    if form is not None:
        choices = form.fields["action"].choices
        form.fields["action"].choices = [each for each in choices if each[0] not in impossible]


class UnconfirmedImpact(Exception):
    """Saving a sale has consequences that the merchant has not confirmed."""

    def __init__(self, impact: ChangeImpact) -> None:
        super().__init__(impact.digest)
        self.impact = impact


class HoldRecordInline(ReadOnlyInline):
    """Extensions or recalls, with their instants in the sale's own zone."""

    @admin.display(description="made at")
    def made(self, record: Extension | Recall) -> str:
        """When it was made, to the minute."""
        return to_the_minute(record.made_at, record.sale.zone)

    @admin.display(description="issued before")
    def shown_before(self, record: Extension | Recall) -> str:
        """Before when the offers were shown, to the second; empty for all."""
        before = record.issued_before
        return iso_second(before, record.sale.zone) if before else ""


class ExtensionInline(HoldRecordInline):
    model = Extension
    fields = ("made", "made_by", "shown_before", "longer", "reason")
    readonly_fields = ("made", "shown_before", "longer")

    @admin.display(description="held longer by")
    def longer(self, extension: Extension) -> str:
        """The extension in words."""
        return exact_duration(extension.seconds)


class RecallInline(HoldRecordInline):
    model = Recall
    fields = ("made", "made_by", "deal", "shown_from", "shown_before", "reason")
    readonly_fields = ("made", "shown_from", "shown_before")

    @admin.display(description="issued from")
    def shown_from(self, recall: Recall) -> str:
        """From when on the offers were shown, to the second; empty for the first on."""
        return iso_second(recall.issued_from, recall.sale.zone) if recall.issued_from else ""


@admin.register(Sale)
class SaleAdmin(KeptRows, LockingModelAdmin):
    """Sales with their deals, their records, and the actions on them."""

    form = SaleForm
    inlines = (DealInline, ExtensionInline, RecallInline)
    list_display = ("title", "window", "phase", "slug")
    list_filter = ("state",)
    search_fields = ("title__folded", "slug", "deals__product__sku")
    prepopulated_fields = {"slug": ("title",)}
    fieldsets = _fieldsets(("picture", "seen"), _WINDOW)
    actions = (
        "publish_sales",
        *(
            page_action(each.name, f"admin:sales_sale_{each.name}", f"{each.title}…", "change")
            for each in SALE_ACTIONS
        ),
        page_action("copy", "admin:sales_sale_copy", "Copy, repeat…", "add"),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        """Sales; ``as_of`` is the instant that their status is shown for."""
        return super().get_queryset(request).annotate(as_of=Value(now_of(request)))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, with what the status of its sales depends on."""
        changelist = super().get_changelist_instance(request)
        changelist.result_list = with_hold_rows(changelist.result_list)
        return changelist

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Sale | None:
        """The sale; of a sent form it is locked, and so are its products."""
        sale: Sale | None = super().get_object(request, *args, **kwargs)
        if sale is not None and request.method == "POST":
            # Before the deals, which are locked when their rows are validated.
            lock_products(sale.deals.values_list("product", flat=True))
        return sale

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The form of a member of staff; it is not to be saved while its impact is asked about."""
        form_class = super().get_form(request, *args, **kwargs)
        given = {
            "by": staff_of(request),
            "now": now_of(request),
            "is_asking": hasattr(request, "impact"),
        }
        return type("StaffSaleForm", (form_class,), given)

    def get_fieldsets(self, request: HttpRequest, obj: Sale | None = None) -> Any:
        """The form's fields; for viewers, their formatted values."""
        if self._may_write(request, obj):
            return super().get_fieldsets(request, obj)
        return _fieldsets((), ("time_zone", "window", "hold_text"))

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

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        # A slug stays when the title changes.
        return {} if obj else super().get_prepopulated_fields(request, obj)

    def get_inlines(self, request: HttpRequest, obj: Sale | None) -> list[Any]:
        """The deals, and the extensions and recalls if there are any."""
        records = ((ExtensionInline, "extensions"), (RecallInline, "recalls")) if obj else ()
        return [DealInline, *(inline for inline, rows in records if getattr(obj, rows).exists())]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Not several at once: Django asks without naming them.
        if obj is None or obj.published_at is not None:
            return False
        return super().has_delete_permission(request, obj)

    def why_kept(self, row: Sale) -> str:
        """A sale that was ever published is kept: its offers may be out, its address known."""
        if row.published_at is None:
            return ""
        return (
            f"{row} was published, and a sale that was published is kept: its address stays, "
            "offers of it may be out, and orders name it. Hide it or cancel it instead."
        )

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes with a draft: its deals need no permission of their own."""
        to_delete, counts, _, protected = super().get_deleted_objects(objs, request)
        return to_delete, counts, set(), protected

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        actions = [
            path(
                f"<int:pk>/{action.name}/",
                view(action_page),
                {"action": action},
                f"sales_sale_{action.name}",
            )
            for action in SALE_ACTIONS
        ]
        others = [
            path("<int:pk>/copy/", view(copy_page), name="sales_sale_copy"),
            path("publish/", view(publish_page), name="sales_sale_publish"),
            path("sense-checks/", view(typed_checks_page), name="sales_sale_sense_checks"),
            path("window-summary/", view(summary_page), name="sales_sale_window_summary"),
        ]
        return [*actions, *others, *super().get_urls()]

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The sale's form; sent, it is saved, or shown again with an impact to confirm."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except UnconfirmedImpact as unconfirmed:
            # Nothing is saved yet. Show the form as it was sent.
            request.impact = unconfirmed.impact  # type: ignore[attr-defined]
            return super().changeform_view(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Sale, form: Any, change: bool) -> None:
        """Do nothing: ``save_related`` saves the sale, once its impact is confirmed."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save a sale and its deals, and record each change.

        :raises UnconfirmedImpact: the merchant has not confirmed the consequences
        """
        sale, now = form.instance, now_of(request)
        deals = [row for rows in formsets if rows.model is Deal for row in rows.forms]
        before = Sale.objects.get(pk=sale.pk) if change else None
        changes = unsaved_changes(before, sale, deals)
        kept = [row.instance for row in deals if not row.cleaned_data.get("DELETE")]
        after = [deal for deal in kept if deal.product_id]
        impact = assess_impact(before, sale, after, changes, now)
        if impact and request.POST.get("agreed") != impact.digest:
            raise UnconfirmedImpact(impact)
        store_pictures(form, request)
        super().save_model(request, sale, form, change)
        super().save_related(request, form, formsets, change)
        for each in changes:
            each.made_at, each.made_by = now, staff_of(request)
            each.save()
        if sale.published_at is not None:
            work_out_reference_prices(sale.deals.values_list("product", flat=True), now=now)
        acknowledge(sale, impact.warnings, now=now, by=staff_of(request))
        self._warn(request, sale)

    def _warn(self, request: HttpRequest, sale: Sale) -> None:
        """Say what the checks find in a saved sale, and nobody has acknowledged."""
        unread = check_sale(sale, now_of(request)).unread
        for each in unread[:WARNED]:
            self.message_user(request, each.text, messages.WARNING)
        if more := len(unread[WARNED:]):
            text = f"{several(more, 'more warning')}: its page has them all."
            self.message_user(request, text, messages.WARNING)

    def form_page(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """The page of the form with the sale's status, its window and the offers that are out."""
        now, impact = now_of(request), getattr(request, "impact", None)
        context["impact"] = impact
        context["products"] = Product.objects.order_by("name").values_list("sku", "name")[:LISTED]
        context["window_summary"] = summary_of(context["adminform"].form, now)
        sent = kwargs.get("obj")
        context["checks"] = self._checks(request, context["adminform"].form, sent)
        if sent:
            # As its row says: a form that was sent has written into the one at hand.
            sale = Sale.objects.get(pk=sent.pk)
            limit_actions(context["action_form"], sale)
            context["status"] = status_of(sale, last_hold_ends_at(sale), now)
            # An impact says the same.
            out = None if impact else outstanding_offers(sale, now)
            context["outstanding"] = summary(out, sale) if out else ""
            context["primary_action"] = "publish_sales" if sale.state == Sale.State.DRAFT else ""
        return super().form_page(request, context, *args, **kwargs)

    def _checks(self, request: HttpRequest, form: Any, sale: Sale | None) -> list[dict[str, Any]]:
        """What the checks find in the form as it was sent, or in the sale's rows."""
        if form.is_bound:
            found = typed_findings(request.POST, sale, staff_of(request), now_of(request))
            return mendable(found, sale)
        return mendable(check_sale(sale, now_of(request)).findings, sale) if sale else []

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        """The address of its page, while it has one."""
        if obj is None or obj.state != Sale.State.PUBLISHED:
            return None
        return super().get_view_on_site_url(obj)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The audit log of a sale."""
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
            entries=read_audit_log(sale),
        )

    @admin.display(ordering="starts_at")
    def window(self, sale: Sale) -> str:
        """From when to when, in the sale's own zone."""
        is_one_day = is_same_day(sale.starts_at, sale.ends_at, sale.zone)
        closes = (hour if is_one_day else iso_minute)(sale.ends_at, sale.zone)
        return f"{iso_minute(sale.starts_at, sale.zone)} to {closes}, {sale.time_zone}"

    @admin.display(description="now", ordering="state")
    def phase(self, sale: Any) -> str:
        """Its status in a word or two."""
        return status_word(sale, sale.as_of)

    @admin.action(description="Publish…", permissions=["change"], location=EVERYWHERE)
    def publish_sales(self, request: HttpRequest, sales: QuerySet[Sale]) -> HttpResponse | None:
        """Lead to the page that shows what goes public, and publishes it."""
        pks = list(sales.values_list("pk", flat=True))
        if len(pks) > MOST_SALES:
            text = f"Choose {MOST_SALES} sales at the most: each is looked at before it is public."
            self.message_user(request, text, messages.ERROR)
            return None
        chosen = urlencode({"sale": pks}, doseq=True)
        return redirect(f"{reverse('admin:sales_sale_publish')}?{chosen}")
