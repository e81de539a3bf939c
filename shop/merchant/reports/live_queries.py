"""Live figures of a sale: the number of queries does not depend on the number of orders."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from threading import Condition

from cachetools import TTLCache, cached
from django.db import connection
from django.db.models import Sum

from offers.verdicts import Verdict
from shop.core.machine_clock import monotonic_seconds
from shop.core.money import format_money
from shop.merchant.reports.dispute_queries import Disputed, disputed, lost_goods
from shop.orders.models import OPEN, OrderStatus, SaleMinute
from shop.orders.sale_totals import minute_of
from shop.sales.availability import DealNow, deal_now
from shop.sales.models import RefusalCount, Sale
from shop.sales.refusals import NO_SALE, refusals

#: In the order of ``IS_OPEN``.
_OPEN = [status for status in OrderStatus if status in OPEN]

# The few open orders first, by the index on them (``IS_OPEN``), and then their lines: SQLite joins
# tables in the order of a CROSS JOIN, and would otherwise read every line of the sale.
_UNDER_WAY = """
SELECT an_order.status, COUNT(DISTINCT an_order.id), SUM(line.quantity)
FROM checkout_order AS an_order
CROSS JOIN checkout_orderline AS line
CROSS JOIN sales_deal AS deal
WHERE ({is_open})
  AND line.order_id = an_order.id AND deal.id = line.deal_id AND deal.sale_id = %s
GROUP BY an_order.status
"""


@dataclass(frozen=True, slots=True)
class Sums:
    """What was paid, in one currency; see ``SaleMinute``."""

    orders: int = 0
    units: int = 0
    revenue: int = 0
    discount: int = 0
    late_orders: int = 0
    late_units: int = 0
    late_revenue: int = 0
    late_discount: int = 0
    refunded_units: int = 0
    refunded: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(*(getattr(self, name) + getattr(other, name) for name in NAMES))


NAMES = tuple(each.name for each in fields(Sums))


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Orders that are not paid, in one status, and the units they keep."""

    status: OrderStatus
    orders: int
    units: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one reading; ``by_minute`` of placing, over all currencies."""

    by_currency: Mapping[str, Sums]
    by_minute: Mapping[datetime, Sums]
    under_way: tuple[UnderWay, ...]
    deals: tuple[DealNow, ...]
    refused: Mapping[Verdict, int]
    refused_nowhere: Mapping[Verdict, int]
    disputed: tuple[Disputed, ...]

    @property
    def lost(self) -> Mapping[str, int]:
        """What disputes lost of this sale's goods, by currency."""
        return lost_goods(self.disputed)

    @property
    def total(self) -> Sums:
        """Sums over all currencies: only the counts are meaningful."""
        return sum(self.by_currency.values(), Sums())


#: Aged by the machine's own clock, which no travelling clock moves.
recent_figures: TTLCache[int, Figures] = TTLCache(maxsize=32, ttl=1, timer=monotonic_seconds)


@cached(recent_figures, key=attrgetter("pk"), condition=Condition())
def figures_of(sale: Sale) -> Figures:
    """A sale's figures, read once a second by one thread while others wait for it."""
    return read_figures(sale)


def read_figures(sale: Sale) -> Figures:
    """A sale's figures now, with what this process has refused and not written yet."""
    refusals.flush()
    by_currency: dict[str, Sums] = {}
    by_minute: dict[datetime, Sums] = {}
    for minute, currency, sums in _paid(sale):
        by_currency[currency] = by_currency.get(currency, Sums()) + sums
        by_minute[minute] = by_minute.get(minute, Sums()) + sums
    return Figures(
        by_currency=by_currency,
        by_minute=by_minute,
        under_way=tuple(under_way(sale)),
        deals=tuple(
            deal_now(deal)
            for deal in sale.deals.select_related("product").prefetch_related("product__variants")
        ),
        refused=refused_by_verdict(sale.slug),
        refused_nowhere=refused_by_verdict(NO_SALE, since=sale.starts_at),
        disputed=disputed(sale),
    )


def _paid(sale: Sale) -> list[tuple[datetime, str, Sums]]:
    rows = (
        SaleMinute.objects.filter(sale=sale)
        .order_by("minute", "currency")
        .values_list("minute", "currency")
        .annotate(*(Sum(name) for name in NAMES))
    )
    return [(minute, currency, Sums(*sums)) for minute, currency, *sums in rows]


def under_way(sale: Sale) -> list[UnderWay]:
    """Open orders of a sale, by status."""
    with connection.cursor() as cursor:
        is_open = " OR ".join(["an_order.status = %s"] * len(_OPEN))
        cursor.execute(_UNDER_WAY.format(is_open=is_open), [*_OPEN, sale.pk])
        found = {status: (orders, int(units)) for status, orders, units in cursor.fetchall()}
    return [UnderWay(status, *found[status]) for status in _OPEN if status in found]


def refused_by_verdict(
    sale: str, *, since: datetime | None = None, until: datetime | None = None
) -> dict[Verdict, int]:
    """How often offers of a sale were refused, by verdict, the most frequent first.

    :param sale: its slug, or ``NO_SALE``
    :param since: count from this instant's minute on, and up to that of ``until``
    """
    counted = RefusalCount.objects.filter(sale=sale)
    if since is not None:
        counted = counted.filter(minute__gte=minute_of(since))
    if until is not None:
        counted = counted.filter(minute__lte=until)
    rows = counted.order_by().values_list("verdict").annotate(Sum("count"))
    ordered = sorted(rows, key=lambda row: (-row[1], row[0]))
    return {Verdict(verdict): count for verdict, count in ordered}


def amounts(by_currency: Mapping[str, Sums], name: str) -> list[str]:
    """One of the amounts, formatted, in every currency."""
    return [format_money(getattr(sums, name), code) for code, sums in sorted(by_currency.items())]
