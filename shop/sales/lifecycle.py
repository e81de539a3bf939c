"""Publish, hide and cancel a sale.

None of these replaces a nonce: offers that are out stay honored (``holds`` changes those).
Each is one transaction that locks the sale's row.
"""

from datetime import datetime

from django.db import transaction

from shop.sales.audit import record
from shop.sales.models import Sale
from shop.sales.reference_prices import reference_prices
from shop.staff.models import Staff


class SaleCanceled(Exception):
    """A canceled sale is not published again: another one is needed."""

    def __init__(self) -> None:
        super().__init__("the sale was canceled, and a canceled sale stays canceled")


@transaction.atomic
def publish(sale: Sale, *, now: datetime, by: Staff | None = None) -> None:
    """Publish a sale, and fix the reference price of each deal that has none yet.

    Call it again after deals were added. The instant of the first publication stays.

    :raises SaleCanceled: it was canceled
    """
    _lock(sale)
    if sale.state == Sale.State.CANCELED:
        raise SaleCanceled
    sale.published_at = sale.published_at or now
    _save_state(sale, Sale.State.PUBLISHED, now=now, by=by)
    # By key: the order in which claims lock them.
    deals = sale.deals.filter(was__isnull=True).select_related("product").order_by("pk")
    lowest = reference_prices(deal.pk for deal in deals)
    for deal in deals:
        deal.was = lowest[deal.pk]
        deal.full_clean()
        deal.save(update_fields=["was"])


@transaction.atomic
def unpublish(sale: Sale, *, now: datetime, by: Staff | None = None, reason: str = "") -> None:
    """Hide a sale for now; its ``published_at`` and its reference prices stay.

    :raises SaleCanceled: it was canceled, and is hidden already
    """
    _lock(sale)
    if sale.state == Sale.State.CANCELED:
        raise SaleCanceled
    _save_state(sale, Sale.State.DRAFT, now=now, by=by, reason=reason)


@transaction.atomic
def cancel(sale: Sale, *, now: datetime, by: Staff | None = None, reason: str = "") -> None:
    """Cancel a sale, for good."""
    _lock(sale)
    _save_state(sale, Sale.State.CANCELED, now=now, by=by, reason=reason)


def _lock(sale: Sale) -> None:
    """Lock the sale's row for this transaction, and read its state again."""
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
