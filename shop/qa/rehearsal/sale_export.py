"""Export of a sale's rows from the shop's database, for a rehearsal.

Reads one state of the database in a short read-only transaction that blocks no
writer. The rows hold no order, no shopper, no member of staff, and no nonce.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.core import serializers
from django.db import connection, models, transaction

from offers.anchors import new_nonce
from shop.catalog.models import PricePoint, Product, Variant
from shop.core.formatting import exactly
from shop.sales.hold_end import last_hold_ends_at
from shop.sales.models import Deal, Extension, Recall, Sale
from shop.sales.price_history import price_stretches
from shop.sales.reference_prices import REFERENCE_PERIOD

_MOMENT = timedelta.resolution

ROWS = Sale, Product, Variant, PricePoint, Deal, Extension, Recall


class NothingToRehearse(Exception):
    """The sale cannot be rehearsed; the text says why."""


class NothingLeft(NothingToRehearse):
    """The sale is over, and so is its last hold."""


def export_sale(slug: str, *, now: datetime | None = None) -> str:
    """The rows of a sale as a JSON document.

    :param now: the shop's time; None is before the opening
    :raises NothingLeft: no offer of the sale is made or honored any more
    :raises NothingToRehearse: there is no such sale, or nothing that it would ever show
    """
    with _read_only_snapshot():
        sale = Sale.objects.filter(slug=slug).first()
        if sale is None:
            raise NothingToRehearse(f"There is no sale {slug}. {_existing_sales()}")
        if sale.state == Sale.State.CANCELED:
            raise NothingToRehearse(
                f"{sale} was canceled: no page shows it again, so there is nothing to rehearse."
            )
        if not sale.deals.filter(withdrawn=False).exists():
            raise NothingToRehearse(
                f"{sale} has no deals that its page would show. Add one, then rehearse it."
            )
        if now is not None and now >= sale.ends_at:
            _check_holds(sale, now)
        return sale_document(sale)


def sale_document(sale: Sale) -> str:
    """The rows of a sale as a JSON document, by the caller's transaction."""
    deals = Deal.objects.filter(sale=sale)
    products = Product.objects.filter(deals__in=deals)
    rows: list[models.Model] = [
        sale,
        *products,
        *Variant.objects.filter(product__in=products),
        *_prices_paid(sale, products),
        *deals,
        *Extension.objects.filter(sale=sale),
        *Recall.objects.filter(sale=sale),
    ]
    document: str = serializers.serialize("json", _anonymized(rows))
    return document


def _check_holds(sale: Sale, now: datetime) -> None:
    """:raises NothingLeft: the last hold of a sale that has closed is over"""
    held_until = last_hold_ends_at(sale)
    if held_until <= now:
        closed = exactly(sale.ends_at, sale.zone)
        raise NothingLeft(
            f"{sale} is over: it closed on {closed}, and its last price was held until "
            f"{exactly(held_until, sale.zone)}. Nothing is left of it to rehearse; copy it, and "
            "rehearse the copy."
        )


def _prices_paid(sale: Sale, products: Iterable[Product]) -> Iterator[PricePoint]:
    """The prices that decide what is struck through, those of sales too, all as list prices.

    The lowest at which a product could be bought, at each instant of the 30 days before the
    opening; from the opening on its list price.
    """
    opens_at, by_key = sale.starts_at, {product.pk: product for product in products}
    since = opens_at - REFERENCE_PERIOD
    stretches = price_stretches(list(by_key), since=since, until=opens_at)
    for key, product in by_key.items():
        of_it = [each for each in stretches if each.product == key and each.counts]
        bounds = {bound for each in of_it for bound in (each.since, each.until or opens_at)}
        for start in sorted({since, *(bound for bound in bounds if since < bound < opens_at)}):
            asked = [each.amount for each in of_it if each.overlaps(start, start + _MOMENT)]
            amount = min(asked, default=product.list_price)
            yield PricePoint(
                product=product, amount=amount, since=start, could_be_bought=bool(asked)
            )
        yield PricePoint(
            product=product,
            amount=product.list_price,
            since=opens_at,
            could_be_bought=product.sold_at_list_price,
        )


def _anonymized(rows: Iterable[models.Model]) -> Iterator[models.Model]:
    """The rows without references to other models, and with new nonces."""
    for row in rows:
        for field in row._meta.concrete_fields:
            related: Any = field.related_model
            if related is not None and related not in ROWS:
                setattr(row, field.attname, None)
            elif field.name in {"nonce", "replaced_nonce"}:
                setattr(row, field.attname, new_nonce())
        yield row


def _existing_sales() -> str:
    slugs = list(Sale.objects.values_list("slug", flat=True)[:6])
    return f"The latest are: {', '.join(slugs)}." if slugs else "The shop has no sales yet."


@contextmanager
def _read_only_snapshot() -> Iterator[None]:
    """A transaction that sees one state of the database and cannot change it."""
    if connection.vendor == "sqlite":
        # atomic() would take its one lock for writers.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
