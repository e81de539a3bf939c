"""Orders in the back office: list, page, refund, receipt and packing slip."""

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from shop.core.durations import several
from shop.core.formatting import to_the_minute
from shop.core.money import format_money
from shop.core.requests import now_of
from shop.core.row_keys import row_key
from shop.merchant.forms.read_only_admin import ReadOnlyAdmin
from shop.merchant.forms.row_actions import page_action
from shop.merchant.orders.csv_export import orders_as_csv
from shop.merchant.orders.filters import (
    DisputeFilter,
    FrozenFilter,
    SaleFilter,
    WaitFilter,
)
from shop.merchant.orders.refund_form import RefundForm, dispute_warnings, outcome
from shop.merchant.orders.timeline import timeline
from shop.merchant.pages import merchant_page
from shop.orders.emails import mail_again
from shop.orders.links import order_path
from shop.orders.models import PAID_FOR, Dispute, Order, OrderLine, Refund, worst_of
from shop.payments.refund_plans import left_of
from shop.staff.confirmations import require_password
from shop.staff.current import staff_of
from shop.staff.throttles import TooManyTries

logger = logging.getLogger(__name__)

#: What the page of an order reads besides its row.
_OF_PAGE = (
    "lines__deal__sale",
    "charges",
    "history",
    "disputes",
    Prefetch("refunds", Refund.objects.select_related("made_by")),
    "refunds__lines__order_line",
)


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Orders, read-only: checkout and Stripe change them."""

    actions = (page_action("refund", "admin:checkout_order_refund", "Refund…", "refund"),)
    list_display = (
        "number",
        "status_tag",
        "dispute_tag",
        "total_price",
        "name",
        "email",
        "placed",
    )
    list_filter = (
        "status",
        ("placed_at", admin.DateFieldListFilter),
        FrozenFilter,
        WaitFilter,
        DisputeFilter,
        SaleFilter,
    )
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False
    search_fields = ("number", "email", "name__folded")
    search_help_text = "Number, mail, name, product or sku"
    change_list_template = "merchant/orders.html"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        """Orders in which every word is found: in the order itself, or in one of its lines."""
        for word in search_term.split():
            bought = OrderLine.objects.filter(Q(sku__icontains=word) | Q(name__folded=word))
            own = Q(number__icontains=word) | Q(email__icontains=word) | Q(name__folded=word)
            # Not by a join: that would give an order once for each of its lines.
            queryset = queryset.filter(own | Q(pk__in=bought.values("order")))
        return queryset, False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        return super().get_queryset(request).prefetch_related("disputes")

    def has_refund_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("checkout.add_refund")

    def get_urls(self) -> list[URLPattern]:
        pages: dict[str, tuple[str, Callable[..., HttpResponseBase]]] = {
            "<int:pk>/refund/": ("refund", self.refund_view),
            "<int:pk>/receipt/": ("receipt", self.receipt_view),
            "<int:pk>/slip/": ("slip", self.slip_view),
            "export/": ("export", self.export_view),
        }
        ours = [
            path(route, self.admin_site.admin_view(view), name=f"checkout_order_{name}")
            for route, (name, view) in pages.items()
        ]
        return ours + super().get_urls()

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """The page of an order."""
        if request.method != "GET" or not self.has_view_permission(request):
            raise PermissionDenied
        orders = Order.objects.prefetch_related(*_OF_PAGE)
        order = get_object_or_404(orders, pk=row_key(object_id))
        return merchant_page(
            request,
            "merchant/order.html",
            f"Order {order}",
            opts=self.opts,
            order=order,
            timeline=timeline(order),
            zone=timezone.get_current_timezone(),
            tag=Order.Status(order.status).texts.tag,
            dispute=worst_of(order.disputes.all()),
            shoppers_page=order_path(order),
            can_refund=self.has_refund_permission(request) and left_of(order) > 0,
            can_mail=request.user.has_perm("checkout.send_receipt") and order.status in PAID_FOR,
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with a link to its CSV file for staff who may export."""
        may_export = request.user.has_perm("checkout.export_order")
        return super().changelist_view(request, {**(extra_context or {}), "may_export": may_export})

    def export_view(self, request: HttpRequest) -> StreamingHttpResponse:
        """The orders of the list as CSV, searched and filtered as the list is.

        :raises PasswordNeeded: they are many, and the password was not typed lately
        """
        if not request.user.has_perm("checkout.export_order"):
            raise PermissionDenied
        orders = self.get_changelist_instance(request).get_queryset(request)
        if (count := orders.count()) >= settings.CONFIRM_EXPORTS_FROM:
            act = f"take the names and addresses of {several(count, 'order')} out of the shop"
            require_password(request, act, reverse("admin:checkout_order_changelist"))
        logger.info("orders exported by=%s query=%s", request.user, sorted(request.GET))
        name = f"orders-{now_of(request):%Y-%m-%d}.csv"
        return StreamingHttpResponse(
            orders_as_csv(orders),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    def slip_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The packing slip, with prices if ``?prices`` asks for them."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        order = get_object_or_404(Order.objects.prefetch_related("lines"), pk=pk)
        return merchant_page(
            request,
            "merchant/slip.html",
            f"Packing slip {order}",
            about=order,
            order=order,
            lines=[line for line in order.lines.all() if line.refundable],
            zone=timezone.get_current_timezone(),
            has_prices="prices" in request.GET,
        )

    @method_decorator(require_POST)
    def receipt_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Mail the receipt once more."""
        if not request.user.has_perm("checkout.send_receipt"):
            raise PermissionDenied
        order = get_object_or_404(Order, pk=pk)
        back = redirect("admin:checkout_order_change", pk)
        if order.status not in PAID_FOR:
            self.message_user(request, f"{order} is not paid: it has no receipt.", messages.ERROR)
            return back
        try:
            is_sent = mail_again(order)
        except TooManyTries as refusal:
            self.message_user(request, refusal.messages[0], messages.ERROR)
            return back
        if is_sent:
            text = f"Receipt mailed once more, to {order.email}."
            self.log_change(request, order, text)
            self.message_user(request, text, messages.SUCCESS)
        else:
            text = "The mail server does not take the receipt. It is tried again by itself."
            self.message_user(request, text, messages.ERROR)
        return back

    def refund_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The refund form. No transaction around it: it calls Stripe.

        :raises PasswordNeeded: it is large, and the password was not typed lately
        """
        order = get_object_or_404(Order, pk=pk)
        if not self.has_refund_permission(request):
            raise PermissionDenied
        if not (left := left_of(order)):
            is_lost = worst_of(order.disputes.all()) == Dispute.Outcome.LOST
            why = ": its bank has the money back" if is_lost else ""
            self.message_user(request, f"Nothing of {order} can go back{why}.", messages.ERROR)
            return redirect("admin:checkout_order_change", pk)
        form = RefundForm(request.POST or None, order=order)
        by, now = staff_of(request), now_of(request)
        is_meant = form.is_valid() and form.is_agreed
        if is_meant and form.is_large:
            way_back = reverse("admin:checkout_order_change", args=[pk])
            require_password(request, form.act, way_back)
        if is_meant and (refund := form.make_refund(by, now)):
            text, level = outcome(refund)
            self.log_change(request, order, text)
            self.message_user(request, text, level)
            return redirect("admin:checkout_order_change", pk)
        form.show_again()
        return merchant_page(
            request,
            "merchant/refund.html",
            f"Refund: {order}",
            about=order,
            order=order,
            form=form,
            left=format_money(left, order.currency),
            consequences=list(form.consequences()),
            warnings=list(dispute_warnings(order)),
        )

    @admin.display(description="status", ordering="status")
    def status_tag(self, order: Order) -> SafeString:
        look = Order.Status(order.status).texts.tag
        return format_html('<span class="tag {}">{}</span>', look, order.get_status_display())

    @admin.display(description="dispute")
    def dispute_tag(self, order: Order) -> SafeString | str:
        outcome = worst_of(order.disputes.all())
        if outcome is None:
            return ""
        return format_html('<span class="tag {}">{}</span>', outcome.tag, outcome.label)

    @admin.display(description="placed at", ordering="placed_at")
    def placed(self, order: Order) -> str:
        return to_the_minute(order.placed_at, timezone.get_current_timezone())

    @admin.display(description="total", ordering="total")
    def total_price(self, order: Order) -> str:
        return format_money(order.total, order.currency)
