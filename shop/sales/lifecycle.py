"""What a merchant decides about a sale: show it, hide it, call it off.

None of it turns a nonce: offers that are out stay honored (``promises`` is
what touches those). Each is one transaction that locks the sale's row.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import transaction

from shop.catalog.list_prices import lowest_list_price
from shop.sales.audit import record
from shop.sales.models import Deal, Sale
from shop.staff.models import Staff

#: Directive 98/6/EC, Article 6a: the lowest price of at least 30 days before the reduction.
REFERENCE_PERIOD = timedelta(days=30)


class SaleCanceled(Exception):
    """A sale that was called off is not shown again: another one is needed."""

    def __init__(self) -> None:
        super().__init__("the sale was canceled, and a canceled sale stays canceled")


@transaction.atomic
def publish(sale: Sale, *, now: datetime, by: Staff | None = None) -> None:
    """Show a sale, and fix the reference price of each deal that has none yet.

    Once more after deals were added to it. The instant of the first
    publication stays.

    :raises SaleCanceled: it was called off
    """
    _lock(sale)
    if sale.state == Sale.State.CANCELED:
        raise SaleCanceled
    sale.published_at = sale.published_at or now
    _save_state(sale, Sale.State.PUBLISHED, now=now, by=by)
    # By key: the order in which claims lock them.
    deals = sale.deals.filter(was__isnull=True).order_by("pk")
    lowest = reference_prices(deal.pk for deal in deals)
    for deal in deals:
        deal.was = lowest[deal.pk]
        deal.full_clean()
        deal.save(update_fields=["was"])


@transaction.atomic
def unpublish(sale: Sale, *, now: datetime, by: Staff | None = None, reason: str = "") -> None:
    """Hide a sale for now. When it was first published, and at what prices, stays.

    :raises SaleCanceled: it was called off, which hides it too
    """
    _lock(sale)
    if sale.state == Sale.State.CANCELED:
        raise SaleCanceled
    _save_state(sale, Sale.State.DRAFT, now=now, by=by, reason=reason)


@transaction.atomic
def cancel(sale: Sale, *, now: datetime, by: Staff | None = None, reason: str = "") -> None:
    """Call a sale off, for good."""
    _lock(sale)
    _save_state(sale, Sale.State.CANCELED, now=now, by=by, reason=reason)


def reference_prices(deals: Iterable[int]) -> dict[int, int]:
    """The prices to strike through, in minor units, by the ids of deals.

    Each is the lower of the list price and the lowest price asked in the 30 days
    before the deal's sale, in other sales too (Directive 98/6/EC, Article 6a).
    Three queries, however many deals there are.
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
    """The same for one deal, saved or not."""
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


def _lock(sale: Sale) -> None:
    """Take the sale's row for this transaction, and see its state as it is now."""
    sale.refresh_from_db(
        fields=["state", "published_at"],
        from_queryset=Sale.objects.select_for_update(no_key=True),
    )


def _save_state(
    sale: Sale, state: Sale.State, *, now: datetime, by: Staff | None, reason: str = ""
) -> None:
    before, sale.state = sale.state, state
    sale.full_clean()
    sale.save(update_fields=["state", "published_at"])
    if before != state:
        record(sale=sale, field="state", before=before, after=state, now=now, by=by, reason=reason)
