"""Publishing a sale: from here on its page shows, and its reference prices are fixed."""

from datetime import datetime, timedelta

from django.db import transaction

from shop.catalog.prices import lowest_list_price
from shop.sales.models import Deal, Sale

#: Directive 98/6/EC, Article 6a: the lowest price of at least 30 days before the reduction.
REFERENCE_PERIOD = timedelta(days=30)


@transaction.atomic
def publish(sale: Sale, *, now: datetime) -> None:
    """Show a sale, and fix the reference price of each deal that has none yet."""
    sale.state = Sale.State.PUBLISHED
    sale.published_at = sale.published_at or now
    sale.save(update_fields=["state", "published_at"])
    for deal in sale.deals.filter(was__isnull=True).select_related("product"):
        deal.was = reference_price(deal, sale)
        deal.save(update_fields=["was"])


def reference_price(deal: Deal, sale: Sale) -> int:
    """The price to strike through, in minor units.

    The lower of the list price and the lowest price asked in the 30 days
    before the sale, in other sales too (Directive 98/6/EC, Article 6a).
    """
    since = sale.starts_at - REFERENCE_PERIOD
    in_sales = Deal.objects.filter(
        product=deal.product,
        sale__published_at__isnull=False,
        sale__starts_at__lt=sale.starts_at,
        sale__ends_at__gt=since,
    ).exclude(sale=sale)
    return min(
        deal.product.list_price,
        lowest_list_price(deal.product, since=since, until=sale.starts_at),
        *in_sales.values_list("price", flat=True),
    )
