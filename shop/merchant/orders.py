"""Orders in the back office: their lines, what went back, disputes, history; and refunding one."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from shop.checkout.models import Dispute, Order, OrderLine, Refund, StatusChange
from shop.checkout.refund_plans import left_of
from shop.merchant.records import EVERYWHERE, RecordInline
from shop.merchant.refunding import RefundForm, outcome
from shop.money import format_money


class OrderLineInline(RecordInline):
    model = OrderLine
    fields = (
        "sku",
        "name",
        "quantity",
        "unit_price",
        "was_price",
        "line_total",
        "refunded",
        "restocked",
        "deal",
        "jti",
    )
    readonly_fields = ("unit_price", "was_price", "line_total")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("order", "deal__product", "deal__sale")

    def unit_price(self, line: OrderLine) -> str:
        return format_money(line.amount, line.order.currency)

    @admin.display(description="was")
    def was_price(self, line: OrderLine) -> str:
        return format_money(line.was, line.order.currency)

    @admin.display(description="total")
    def line_total(self, line: OrderLine) -> str:
        return format_money(line.total, line.order.currency)


class StatusChangeInline(RecordInline):
    model = StatusChange
    fields = ("at", "from_status", "to_status", "cause", "stripe_event")
    verbose_name_plural = "history"


class RefundInline(RecordInline):
    model = Refund
    fields = ("made_at", "made_by", "amount_back", "units", "reason", "status", "problem")
    readonly_fields = ("amount_back", "units")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("lines__order_line")

    @admin.display(description="amount")
    def amount_back(self, refund: Refund) -> str:
        return refund.amount_text

    @admin.display(empty_value="none")
    def units(self, refund: Refund) -> str:
        """What goes back with the money, and what becomes of it."""
        return ", ".join(
            f"{each} ({'into stock' if each.restock else 'written off'})"
            for each in refund.lines.all()
        )


class DisputeInline(RecordInline):
    model = Dispute
    fields = ("opened_at", "disputed", "reason", "status", "respond_by", "closed_at", "stripe_id")
    readonly_fields = ("disputed",)

    @admin.display(description="amount")
    def disputed(self, dispute: Dispute) -> str:
        return format_money(dispute.amount, dispute.currency)


class OrderAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Orders, to be read: what becomes of one is Stripe's word and checkout's doing.

    All that is done here is to refund one, on a page of its own.
    """

    inlines = (OrderLineInline, RefundInline, DisputeInline, StatusChangeInline)
    actions = ("refund",)
    list_display = ("number", "status", "total_price", "email", "placed_at")
    list_filter = ("status",)
    search_fields = ("number", "email", "lines__sku", "lines__variant__product__sku")
    date_hierarchy = "placed_at"
    fields = (
        "number",
        "status",
        "email",
        "name",
        "line1",
        "line2",
        "postal_code",
        "city",
        "country",
        "subtotal_price",
        "shipping_price",
        "total_price",
        "placed_at",
        "lapses_at",
        "paid_at",
        "payment_intent",
        "decline_message",
    )
    readonly_fields = ("subtotal_price", "shipping_price", "total_price")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_refund_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("checkout.add_refund")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.refund_view)
        return [path("<int:pk>/refund/", view, name="checkout_order_refund"), *super().get_urls()]

    @admin.action(description="Refund…", permissions=["refund"], location=EVERYWHERE)
    def refund(self, request: HttpRequest, orders: QuerySet[Order]) -> HttpResponse | None:
        chosen = orders[:2]
        if len(chosen) != 1:
            self.message_user(request, "Choose one order for this.", messages.ERROR)
            return None
        return redirect("admin:checkout_order_refund", chosen[0].pk)

    def refund_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The page of a refund. No transaction around it: Stripe is asked on the way."""
        order = get_object_or_404(Order, pk=pk)
        if not self.has_refund_permission(request):
            raise PermissionDenied
        if not (left := left_of(order)):
            self.message_user(request, f"Nothing of {order} can go back.", messages.ERROR)
            return redirect("admin:checkout_order_change", pk)
        form = RefundForm(request.POST or None, order=order)
        is_valid = form.is_valid()
        if is_valid and form.is_agreed:
            assert isinstance(request.user, User)
            if refund := form.carry_out(request.user, timezone.now()):
                told, is_well = outcome(refund)
                self.log_change(request, order, told)
                self.message_user(request, told, messages.SUCCESS if is_well else messages.ERROR)
                return redirect("admin:checkout_order_change", pk)
        if form.is_bound:
            form.show_again()
        context = {
            **self.admin_site.each_context(request),
            "title": f"Refund: {order}",
            "opts": self.opts,
            "order": order,
            "form": form,
            "left": format_money(left, order.currency),
            "consequences": list(form.consequences()) if is_valid else [],
        }
        return TemplateResponse(request, "merchant/refund.html", context)

    @admin.display(description="subtotal")
    def subtotal_price(self, order: Order) -> str:
        return format_money(order.subtotal, order.currency)

    @admin.display(description="shipping")
    def shipping_price(self, order: Order) -> str:
        return format_money(order.shipping, order.currency)

    @admin.display(description="total", ordering="total")
    def total_price(self, order: Order) -> str:
        return format_money(order.total, order.currency)
