"""Filters of the list of orders."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest

from shop.core.requests import now_of
from shop.orders.models import Dispute, DisputeOutcome, Order, OrderLine, overdue, unsent
from shop.sales.models import Sale

#: Sales that orders can be narrowed to: the newest. Others are found by a product's sku.
SALES_SHOWN = 15


class WaitFilter(admin.SimpleListFilter):
    """Orders that the alerts of the start page link to."""

    title = "what it waits for"
    parameter_name = "wait"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [("overdue", "Stripe’s word"), ("receipt", "its receipt")]

    def queryset(self, request: HttpRequest, orders: QuerySet[Order]) -> QuerySet[Order]:
        match self.value():
            case "overdue":
                return orders.filter(overdue(now_of(request)))
            case "receipt":
                return orders.filter(unsent(now_of(request)))
        return orders


class SaleFilter(admin.SimpleListFilter):
    """Orders with a line of a sale."""

    title = "sale"
    parameter_name = "sale"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        newest = Sale.objects.exclude(published_at=None).order_by("-starts_at")[:SALES_SHOWN]
        return [(sale.slug, sale.title) for sale in newest]

    def queryset(self, request: HttpRequest, orders: QuerySet[Order]) -> QuerySet[Order]:
        if slug := self.value():
            bought = OrderLine.objects.filter(deal__sale__slug=slug)
            return orders.filter(pk__in=bought.values("order"))
        return orders


class FrozenFilter(admin.SimpleListFilter):
    """Orders placed within a sale's window, or after it at a held price."""

    title = "when it came"
    parameter_name = "came"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [("after", "After the close"), ("within", "While the sale was open")]

    def queryset(self, request: HttpRequest, orders: QuerySet[Order]) -> QuerySet[Order]:
        closes = {"after": "deal__sale__ends_at__lte", "within": "deal__sale__ends_at__gt"}
        if lookup := closes.get(self.value() or ""):
            lines = OrderLine.objects.filter(**{lookup: F("order__placed_at")})
            return orders.filter(pk__in=lines.values("order"))
        return orders


class DisputeFilter(admin.SimpleListFilter):
    """Orders with a dispute that is open, lost or won."""

    title = parameter_name = "dispute"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [("any", "Any"), *DisputeOutcome.choices]

    def queryset(self, request: HttpRequest, orders: QuerySet[Order]) -> QuerySet[Order]:
        disputes = Dispute.objects.all()
        if (outcome := self.value()) in DisputeOutcome.values:
            disputes = disputes.filter(outcome=outcome)
        elif outcome != "any":
            return orders
        return orders.filter(pk__in=disputes.values("order"))
