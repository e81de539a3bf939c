"""The record of list prices: what each was, from when on, and whether it could be bought."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce

from shop.catalog.models import PricePoint, Product, Variant


def record_list_price(product: Product, *, now: datetime) -> bool:
    """Record a product's list price and whether it can be bought, unless the record ends so.

    :returns: whether anything was new
    """
    return bool(record_list_prices([product.pk], now=now))


def record_list_prices(products: Collection[int], *, now: datetime) -> list[int]:
    """Record the list prices of products and whether they can be bought, where the record ends
    otherwise; in two statements for any number of products.

    Call it through ``shop.sales.reference_prices``, which works out what follows from it.

    A product that orders have emptied counts as one that can be bought: its price stays on show,
    and a unit is back as soon as an order lapses.

    :returns: the products of which anything was new
    """
    last = PricePoint.objects.filter(product=OuterRef("pk")).order_by("-since")
    # Where a clock stands, of the very same instant.
    same = PricePoint.objects.filter(product=OuterRef("pk"), since=now)
    # From the rows: instances may be older.
    rows = Product.objects.filter(pk__in=products).annotate(
        is_supplied=Exists(Variant.objects.filter(product=OuterRef("pk"), stock__gt=0)),
        last_amount=Subquery(last.values("amount")[:1]),
        last_could_be_bought=Subquery(last.values("could_be_bought")[:1]),
        lowest=Subquery(same.values(least=Coalesce("lowest", "amount"))[:1]),
    )
    fresh = [
        PricePoint(
            product=row,
            amount=row.list_price,
            since=now,
            could_be_bought=can_be_bought,
            lowest=row.lowest and min(row.lowest, row.list_price),
        )
        for row in rows.order_by("pk")
        if (can_be_bought := row.sold_at_list_price and row.is_supplied) != row.last_could_be_bought
        or row.list_price != row.last_amount
    ]
    PricePoint.objects.bulk_create(
        fresh,
        update_conflicts=True,
        unique_fields=["product", "since"],
        update_fields=["amount", "could_be_bought", "lowest"],
    )
    return [each.product_id for each in fresh]
