"""Units that open orders have claimed, and until when."""

from collections.abc import Collection
from functools import cache

from django.db import connection
from django.db.models import Min, Q, Sum, TextField
from django.db.models.functions import Cast

from shop.core.compiled_sql import CompiledQuery, InParameter
from shop.orders.models import OPEN, OrderLine, OrderStatus
from shop.orders.offer_facts import OpenClaims
from shop.sales.snapshot_queries import instant


def open_claims(skus: Collection[str]) -> list[OpenClaims]:
    """The open claims on products with these skus; one query."""
    return [
        OpenClaims(
            variant=variant,
            deal=deal,
            units=units,
            lapses_at=instant(lapses_at),
            next_free_at=instant(next_free_at) if next_free_at else None,
        )
        for variant, deal, units, lapses_at, next_free_at in _statement(connection.vendor).rows(
            {"skus": [*skus]}
        )
    ]


@cache
def _statement(vendor: str) -> CompiledQuery:
    at_no_bank = ~Q(order__status=OrderStatus.PROCESSING)
    lapse, next_free = Min("order__lapses_at"), Min("order__lapses_at", filter=at_no_bank)
    lines = OrderLine.objects.filter(
        InParameter("variant__product__sku", "skus"), order__status__in=OPEN
    )
    return CompiledQuery.select(
        lines.order_by()
        .values("variant", "deal")
        .annotate(
            units=Sum("quantity"),
            lapse=Cast(lapse, TextField()),
            next_free=Cast(next_free, TextField()),
        )
    )
