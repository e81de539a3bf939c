"""Queries of the report: their number does not depend on the number of orders."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    Exists,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    When,
)

from shop.merchant.reports.live_queries import NAMES, Sums
from shop.orders.models import (
    HAS_GOODS,
    OPEN,
    OVER,
    OrderLine,
    OrderStatus,
    Refund,
    RefundLine,
    StatusChange,
)
from shop.sales.models import Sale

_WAS_OVER = Exists(StatusChange.objects.filter(order=OuterRef("order"), to_status__in=OVER))
_LATE = Q(seconds_late__isnull=False)
_REVENUE = F("quantity") * F("amount")
_DISCOUNT = Case(
    When(was__gt=F("amount"), then=F("quantity") * (F("was") - F("amount"))),
    default=0,
    output_field=BigIntegerField(),
)


@dataclass(frozen=True, slots=True)
class NotPaid:
    """Unpaid orders in one status; ``declined``: of those, with a card that was declined last."""

    status: OrderStatus
    currency: str
    orders: int
    units: int
    amount: int
    declined: int


@dataclass(frozen=True, slots=True)
class MoneyBack:
    """Refunds in one state and currency; ``units`` of this sale, where they were made by line."""

    status: Refund.Status
    currency: str
    refunds: int
    units: int
    amount: int
    is_too_late: bool = False


def sold_lines(sale: Sale) -> QuerySet[OrderLine]:
    """The lines of a sale that were paid for in time, refunded since or not."""
    paid = Q(order__status__in=HAS_GOODS)
    back = Q(order__status=OrderStatus.REFUNDED) & ~Q(_WAS_OVER)
    return OrderLine.objects.filter(paid | back, deal__sale=sale).order_by()


def sold_by_deal(sale: Sale) -> tuple[dict[int, Sums], int]:
    """What was paid, by deal; and how late the latest of it was ordered, in seconds, or -1."""
    rows: Collection[Any] = list(
        sold_lines(sale)
        .values("deal")
        .annotate(
            orders=Count("order", distinct=True),
            units=Sum("quantity"),
            revenue=Sum(_REVENUE),
            discount=Sum(_DISCOUNT),
            late_orders=Count("order", distinct=True, filter=_LATE),
            late_units=Sum("quantity", filter=_LATE, default=0),
            late_revenue=Sum(_REVENUE, filter=_LATE, default=0),
            late_discount=Sum(_DISCOUNT, filter=_LATE, default=0),
            refunded_units=Sum("refunded"),
            refunded=Sum(F("refunded") * F("amount")),
            latest=Max("seconds_late", default=-1),
        )
    )
    found = {row["deal"]: Sums(*(row[name] for name in NAMES)) for row in rows}
    return found, max((row["latest"] for row in rows), default=-1)


def late_by_span(sale: Sale, seconds: int) -> dict[int, int]:
    """Number of paid orders placed after the close, by span of ``seconds``."""
    rows = (
        sold_lines(sale)
        .filter(_LATE)
        .annotate(span=F("seconds_late") / seconds)
        .values_list("span")
        .annotate(Count("order", distinct=True))
    )
    return dict(rows)


def not_paid(sale: Sale) -> list[NotPaid]:
    """Orders of a sale that are over or open, by status and currency."""
    rows = (
        OrderLine.objects.filter(deal__sale=sale, order__status__in=OPEN | OVER)
        .order_by("order__status", "order__currency")
        .values_list("order__status", "order__currency")
        .annotate(
            orders=Count("order", distinct=True),
            units=Sum("quantity"),
            amount=Sum(_REVENUE),
            declined=Count("order", distinct=True, filter=~Q(order__decline_message="")),
        )
    )
    return [NotPaid(OrderStatus(status), *rest) for status, *rest in rows]


def money_back(sale: Sale) -> list[MoneyBack]:
    """Refunds by lines of a sale: goods of this sale alone."""
    rows = (
        RefundLine.objects.filter(order_line__deal__sale=sale)
        .order_by("refund__status", "refund__currency")
        .values_list("refund__status", "refund__currency")
        .annotate(
            refunds=Count("refund", distinct=True),
            units=Sum("quantity"),
            amount=Sum(F("quantity") * F("order_line__amount")),
        )
    )
    return [MoneyBack(Refund.Status(status), *rest) for status, *rest in rows]


def money_back_whole(sale: Sale) -> list[MoneyBack]:
    """Refunds without lines, made at Stripe or of late payments, of orders of the sale."""
    of_sale = OrderLine.objects.filter(order=OuterRef("order"), deal__sale=sale)
    rows: Iterable[Any] = (
        Refund.objects.filter(Exists(of_sale), lines=None)
        .annotate(is_too_late=_WAS_OVER)
        .order_by("status", "currency", "is_too_late")
        .values_list("status", "currency", "is_too_late")
        .annotate(refunds=Count("pk"), amount=Sum("amount"))
    )
    return [
        MoneyBack(Refund.Status(status), currency, refunds, 0, amount, is_too_late)
        for status, currency, is_too_late, refunds, amount in rows
    ]
