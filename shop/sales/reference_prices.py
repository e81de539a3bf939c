"""The reference price of a reduction (Directive 98/6/EC, article 6a)."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import timedelta

from shop.catalog.list_prices import lowest_list_price
from shop.sales.models import Deal

#: Directive 98/6/EC, Article 6a: the lowest price of at least 30 days before the reduction.
REFERENCE_PERIOD = timedelta(days=30)


def reference_prices(deals: Iterable[int]) -> dict[int, int]:
    """The prices to strike through, in minor units, by the ids of deals.

    Each is the lower of the list price and the lowest price asked in the 30 days
    before the deal's sale, in other sales too. Takes three queries for any number of deals.
    """
    found = (
        Deal.objects.filter(pk__in=list(deals))
        .select_related("product", "sale")
        .prefetch_related("product__price_points")
    )
    others = defaultdict(list)
    for other in _asked_before(found):
        others[other.product_id].append(other)
    return {deal.pk: _reference_price(deal, others[deal.product_id]) for deal in found}


def reference_price(deal: Deal) -> int:
    """The price to strike through of one deal, saved or not."""
    return _reference_price(deal, _asked_before([deal]))


def _asked_before(deals: Collection[Deal]) -> Iterable[Deal]:
    """Deals of the same products in sales that may have run in the 30 days before."""
    if not deals:
        return ()
    starts = [deal.sale.starts_at for deal in deals]
    return Deal.objects.filter(
        product__in={deal.product_id for deal in deals},
        sale__published_at__isnull=False,
        sale__starts_at__lt=max(starts),
        sale__ends_at__gt=min(starts) - REFERENCE_PERIOD,
    ).select_related("sale")


def _reference_price(deal: Deal, others: Iterable[Deal]) -> int:
    until = deal.sale.starts_at
    since = until - REFERENCE_PERIOD
    return min(
        deal.product.list_price,
        lowest_list_price(deal.product, since=since, until=until),
        *(
            other.price
            for other in others
            if other.sale_id != deal.sale_id
            and other.sale.starts_at < until
            and other.sale.ends_at > since
        ),
    )
