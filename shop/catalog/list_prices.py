"""List prices and their history."""

from datetime import datetime

from shop.catalog.models import PricePoint, Product


def set_list_price(product: Product, amount: int, *, now: datetime) -> None:
    """Change a product's list price, and record it in the history.

    :param amount: minor units of the product's currency
    """
    product.list_price = amount
    product.save(update_fields=["list_price"])
    record_list_price(product, now=now)


def record_list_price(product: Product, *, now: datetime) -> None:
    """Record the list price of a product, unless its history ends with it."""
    last = product.price_points.order_by("-since").first()
    if last is None or last.amount != product.list_price:
        PricePoint.objects.update_or_create(
            product=product, since=now, defaults={"amount": product.list_price}
        )


def lowest_list_price(product: Product, *, since: datetime, until: datetime) -> int:
    """The lowest list price in force at any instant of ``[since, until)``, in minor units."""
    in_force: list[int] = []
    # All of them, so that a prefetch for many products is used.
    for point in product.price_points.all():
        if point.since >= until:
            break
        if point.since <= since:
            in_force = [point.amount]
        else:
            in_force.append(point.amount)
    return min(in_force, default=product.list_price)
