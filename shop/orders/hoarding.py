"""Hoarding: units of one product that a network keeps without paying, and when it may have more.

Only open orders count whose first attempt to pay has failed, or that were placed a minute ago or
more: whoever pays at once, or is just answering the bank, counts for nothing, however many share a
network. Orders at a bank (``processing``) do not count: their shoppers can do no more.

No lock is needed. An order begins to count by its own failure or age, never by another's claim; so
any number of claims at once read the same count, and no two of them share the last unit of it.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from django.db import connection
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.crypto import salted_hmac

from shop.core.compiled_sql import CompiledQuery, Parameter
from shop.core.proxies import network_of
from shop.orders.models import CANCELABLE, OPEN, ClaimOrigin, Order, OrderLine
from shop.sales.snapshot_queries import instant

#: How long the first attempt to pay may take, the bank's question included.
FIRST_ATTEMPT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class UnpaidClaim:
    """Units of a product that one order keeps, until it lapses."""

    sku: str
    units: int
    lapses_at: datetime


@dataclass(frozen=True, slots=True)
class Hoard:
    """Units of a product that one network keeps, which stays unnamed."""

    product: str
    orders: int
    units: int
    #: When the last of them comes free, unless it is paid.
    lapses_at: datetime


def network_key(address: str | None) -> str:
    """The keyed hash of the network that an IP address is of; empty where it is none.

    An IPv4 address is a network of its own, of IPv6 the first 64 bits are.
    """
    network = network_of(address or "")
    if not network:
        return ""
    return salted_hmac("network of a claim", network, algorithm="sha256").hexdigest()


def origin_of(order: Order, network: str) -> ClaimOrigin:
    """The record of the network that a new order came from.

    :param network: its key (``network_key``)
    """
    return ClaimOrigin(order=order, network=network, counts_from=order.placed_at + FIRST_ATTEMPT)


def record_failure(order: Order, now: datetime) -> None:
    """Record that an attempt to pay an order has failed: from its first failure on it counts."""
    ClaimOrigin.objects.filter(order=order, counts_from__gt=now).update(counts_from=now)


def forget_ended() -> int:
    """Delete the networks of orders that are over or paid; how many were left.

    ``state_machine.move`` deletes them. Others are of processes that did not know this table.
    """
    ended = list(ClaimOrigin.objects.exclude(order__status__in=OPEN).values_list("pk", flat=True))
    if ended:
        ClaimOrigin.objects.filter(pk__in=ended).delete()
    return len(ended)


def unpaid_claims(network: str, skus: Collection[str], now: datetime) -> list[UnpaidClaim]:
    """What a network keeps of products without paying; mostly nothing, found by one index."""
    rows = _orders_statement(connection.vendor).rows({"network": network, "now": now})
    lapses = {order: instant(lapses_at) for order, lapses_at in rows}
    if not lapses:
        return []
    lines = OrderLine.objects.filter(order__in=lapses, variant__product__sku__in=skus)
    return [
        UnpaidClaim(sku, units, lapses[order])
        for order, sku, units in lines.order_by().values_list(
            "order_id", "variant__product__sku", "quantity"
        )
    ]


def below_bound_at(claims: Collection[UnpaidClaim], most: int) -> datetime | None:
    """When a network keeps fewer than ``most`` units of a product; None if it does now.

    Payments may make it earlier. Orders that begin to count until then may make it later.
    """
    units, instant_below = sum(claim.units for claim in claims), None
    for claim in sorted(claims, key=lambda each: each.lapses_at):
        if units < most:
            break
        units -= claim.units
        instant_below = claim.lapses_at
    return instant_below


def largest_hoards(products: Collection[int], now: datetime, *, number: int) -> list[Hoard]:
    """The most that single networks keep of products without paying, the most units first."""
    origins = {
        order: (network, lapses_at)
        for order, network, lapses_at in _counted()
        .filter(counts_from__lte=now, order__lapses_at__gt=now)
        .values_list("order_id", "network", "order__lapses_at")
    }
    if not origins:
        return []
    lines = OrderLine.objects.filter(order__in=origins, variant__product__in=products)
    kept: defaultdict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for order, product, units in lines.order_by().values_list(
        "order_id", "variant__product__name", "quantity"
    ):
        kept[origins[order][0], product].append((order, units))
    hoards = [
        Hoard(
            product=product,
            orders=len({order for order, _ in those}),
            units=sum(units for _, units in those),
            lapses_at=max(origins[order][1] for order, _ in those),
        )
        for (_, product), those in kept.items()
    ]
    return sorted(hoards, key=lambda each: (-each.units, each.product))[:number]


def _counted() -> QuerySet[ClaimOrigin]:
    return ClaimOrigin.objects.filter(order__status__in=CANCELABLE)


@cache
def _orders_statement(vendor: str) -> CompiledQuery:
    now = Parameter("now")
    theirs = _counted().filter(
        network=Parameter("network"), counts_from__lte=now, order__lapses_at__gt=now
    )
    # As text: SQLite's own instants have no zone.
    lapse = Cast("order__lapses_at", TextField())
    return CompiledQuery.select(theirs.order_by().values_list("order_id", lapse))
