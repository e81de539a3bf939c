"""Closed sales with any number of orders, written as rows, with known totals.

A thousand orders are made in Python; the database copies them. A fifth came after the
close. They have no history, and no limit counts their units.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import cycle

from django.db import connection, transaction
from django.db.models import Model, OuterRef, Subquery, Sum
from django.utils import timezone

from shop.catalog.models import Product, Variant
from shop.orders.models import Order, OrderLine, OrderStatus, SaleMinute
from shop.orders.sale_totals import SHARDS, minute_of
from shop.sales.lifecycle import publish
from shop.sales.models import Deal, RefusalCount, Sale

DEALS = 24
PATTERN = 1000
WINDOW, HOLD = timedelta(minutes=15), timedelta(minutes=30)
_SECOND = timedelta(seconds=1)


def fill(slug: str, orders: int, now: datetime | None = None) -> Sale:
    """A sale that closed twenty minutes ago, with so many orders: nine of ten are paid.

    :param slug: no other sale that was filled begins with the same six letters
    :raises AssertionError: it is not a multiple of a thousand
    """
    times, rest = divmod(orders, PATTERN)
    assert not rest, f"{orders} is not a multiple of {PATTERN}."
    sale = _sale(slug, now or timezone.now())
    with transaction.atomic():
        lines = _pattern(sale)
        _copy(slug, times)
        _count(sale, lines, times)
        _open_some(slug)
        _claim(sale)
        _refuse(sale)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return sale


def _sale(slug: str, now: datetime) -> Sale:
    ends_at = minute_of(now) - timedelta(minutes=20)
    sale = Sale.objects.create(
        slug=slug,
        title=slug.capitalize(),
        time_zone="Europe/Berlin",
        starts_at=ends_at - WINDOW,
        ends_at=ends_at,
        hold_seconds=int(HOLD.total_seconds()),
    )
    for place in range(DEALS):
        sku = f"{slug}-{place:02d}"
        product = Product.objects.create(
            sku=sku, slug=sku, name=f"Product {sku}", list_price=4990, currency="EUR"
        )
        Variant.objects.create(product=product, sku=sku, stock=1_000_000)
        Deal.objects.create(sale=sale, product=product, price=499 + place, position=place)
    publish(sale, now=now)
    return sale


def _pattern(sale: Sale) -> list[OrderLine]:
    deals = cycle(sale.deals.select_related("product").prefetch_related("product__variants"))
    orders, lines = [], []
    for place in range(PATTERN):
        late = place % 5 == 0
        start, span = (sale.ends_at, 1100) if late else (sale.starts_at, 900)
        seconds = place * 7919 % span
        deal, units = next(deals), 1 + place % 3
        sum_ = deal.price * units
        placed_at = start + seconds * _SECOND
        order = Order(
            number=f"{sale.slug[:6]}-{place}",
            status=_status(place),
            shopper=f"shopper-{place}",
            email="ada@example.org",
            name="Ada Lovelace",
            line1="12 St James's Square",
            city="London",
            country="GB",
            currency="EUR",
            subtotal=sum_,
            total=sum_,
            placed_at=placed_at,
            lapses_at=placed_at + timedelta(minutes=10),
            paid_at=placed_at,
        )
        orders.append(order)
        lines.append(
            OrderLine(
                order=order,
                variant=deal.product.variants.all()[0],
                deal=deal,
                sku=deal.product.sku,
                name=deal.product.name,
                quantity=units,
                amount=deal.price,
                was=4990,
                jti=order.number,
                offer="…",
                seconds_late=seconds if late else None,
            )
        )
    Order.objects.bulk_create(orders)
    OrderLine.objects.bulk_create(lines)
    return lines


def _status(place: int) -> OrderStatus:
    """A tenth was never paid."""
    return Order.Status.EXPIRED if place % 10 == 9 else Order.Status.PAID


def _open_some(slug: str) -> None:
    """A hundred that may still be paid, however many orders there are."""
    pattern = [f"{slug[:6]}-{place}" for place in range(PATTERN)]
    Order.objects.filter(number__in=pattern, status=Order.Status.EXPIRED).update(
        status=Order.Status.PENDING
    )


def _claim(sale: Sale) -> None:
    """What those orders took of allocation and stock, and have not given back."""
    kept = OrderLine.objects.filter(deal=OuterRef("pk")).exclude(order__status=Order.Status.EXPIRED)
    units = kept.order_by().values("deal").annotate(units=Sum("quantity")).values("units")
    sale.deals.update(claimed=Subquery(units))
    of_its_deal = sale.deals.filter(product=OuterRef("product")).values("claimed")
    Variant.objects.filter(product__deals__sale=sale).update(claimed=Subquery(of_its_deal))


def _copy(slug: str, times: int) -> None:
    """Copy every order and its line so often that there are ``times`` as many."""
    copies = (
        "(WITH RECURSIVE copy (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < %s)"
        " SELECT n FROM copy WHERE n < %s) AS copy"
    )
    number = "pattern.number || '-' || CAST(copy.n AS text)"
    order, rest = _columns(Order, "number")
    _run(
        f"INSERT INTO {order} (number, {', '.join(rest)})"
        f" SELECT {number}, {', '.join(f'pattern.{each}' for each in rest)}"
        f" FROM {order} AS pattern CROSS JOIN {copies} WHERE pattern.number LIKE %s",
        [times, times, f"{slug[:6]}-%"],
    )
    line, rest = _columns(OrderLine, "order_id")
    _run(
        f"INSERT INTO {line} (order_id, {', '.join(rest)})"
        f" SELECT copied.id, {', '.join(f'line.{each}' for each in rest)}"
        f" FROM {line} AS line JOIN {order} AS pattern ON pattern.id = line.order_id"
        f" CROSS JOIN {copies} JOIN {order} AS copied ON copied.number = {number}"
        " WHERE pattern.number LIKE %s",
        [times, times, f"{slug[:6]}-%"],
    )


def _columns(model: type[Model], but: str) -> tuple[str, list[str]]:
    names = [str(each.column) for each in model._meta.concrete_fields if not each.primary_key]
    return model._meta.db_table, [name for name in names if name != but]


def _run(sql: str, parameters: Sequence[int | str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def _count(sale: Sale, lines: list[OrderLine], times: int) -> None:
    """The figures of all those orders, spread over shards as payments spread them."""
    sums: Counter[tuple[datetime, int, str]] = Counter()
    for place, line in enumerate(lines):
        if line.order.status != Order.Status.PAID:
            continue
        figures = {"orders": 1, "units": line.quantity, "revenue": line.total}
        figures["discount"] = line.quantity * (line.was - line.amount)
        key = (minute_of(line.order.placed_at), place % SHARDS)
        for name, figure in figures.items():
            sums[*key, name] += figure * times
            if line.seconds_late is not None:
                sums[*key, f"late_{name}"] += figure * times
    names = ["orders", "units", "revenue", "discount"]
    names += [f"late_{name}" for name in names]
    SaleMinute.objects.bulk_create(
        SaleMinute(
            sale=sale,
            minute=minute,
            currency="EUR",
            shard=shard,
            refunded_units=0,
            refunded=0,
            **{name: sums[minute, shard, name] for name in names},
        )
        for minute, shard in sorted({key[:2] for key in sums})
    )


def _refuse(sale: Sale) -> None:
    RefusalCount.objects.bulk_create(
        RefusalCount(
            sale=sale.slug,
            minute=sale.starts_at + each * timedelta(minutes=1),
            verdict=verdict,
            count=7,
        )
        for each in range(45)
        for verdict in ("sold_out", "expired", "over_limit")
    )
