"""The record of list prices: what each was, from when on, and whether it could be bought."""

from datetime import datetime

from django.db.models import Exists, OuterRef

from shop.catalog.models import PricePoint, Product, Variant


def record_list_price(product: Product, *, now: datetime) -> bool:
    """Record a product's list price and whether it can be bought, unless the record ends so.

    Call it through ``shop.sales.reference_prices``, which works out what follows from it.

    A product that orders have emptied counts as one that can be bought: its price stays on show,
    and a unit is back as soon as an order lapses.

    :returns: whether anything was new
    """
    # From the row: the instance may be older.
    row = Product.objects.annotate(
        is_supplied=Exists(Variant.objects.filter(product=OuterRef("pk"), stock__gt=0))
    ).get(pk=product.pk)
    can_be_bought = row.sold_at_list_price and row.is_supplied
    last = product.price_points.order_by("-since").first()
    if last and (last.amount, last.could_be_bought) == (row.list_price, can_be_bought):
        return False
    PricePoint.objects.update_or_create(
        product=product,
        since=now,
        defaults={"amount": row.list_price, "could_be_bought": can_be_bought},
    )
    return True
