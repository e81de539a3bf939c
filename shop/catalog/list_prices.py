"""List prices over time: set here, so that their history is complete."""

from datetime import datetime

from shop.catalog.models import PricePoint, Product


def set_list_price(product: Product, amount: int, *, now: datetime) -> None:
    """Give a product another list price from now on, and remember when.

    :param amount: minor units of the product's currency
    """
    product.list_price = amount
    product.save(update_fields=["list_price"])
    record_list_price(product, now=now)


def record_list_price(product: Product, *, now: datetime) -> None:
    """Note the list price that a product has now, if its history does not end with it."""
    last = product.price_points.order_by("-since").first()
    if last is None or last.amount != product.list_price:
        PricePoint.objects.update_or_create(
            product=product, since=now, defaults={"amount": product.list_price}
        )


def lowest_list_price(product: Product, *, since: datetime, until: datetime) -> int:
    """The lowest list price in force at any instant of ``[since, until)``, in minor units."""
    in_force: list[int] = []
    # All of them, in their order: whoever asks for many products has read them at once.
    for point in product.price_points.all():
        if point.since >= until:
            break
        if point.since <= since:
            in_force = [point.amount]
        else:
            in_force.append(point.amount)
    return min(in_force, default=product.list_price)
