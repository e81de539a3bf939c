"""Publish, hide and cancel a sale.

None of these replaces a nonce: offers that are out stay honored (``holds`` changes those).
Each is one transaction that locks the sale's row, and works out the reference prices of sales
to come anew: those of this sale, and those of others that sell the same products.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from shop.sales.audit import record
from shop.sales.models import Sale
from shop.sales.reference_prices import work_out_reference_prices
from shop.staff.models import Staff


class SaleCanceled(Exception):
    """A canceled sale is not published again: another one is needed."""

    def __init__(self) -> None:
        super().__init__("the sale was canceled, and a canceled sale stays canceled")


@transaction.atomic
def publish(sale: Sale, *, now: datetime, by: Staff | None = None) -> None:
    """Publish a sale. The instant of the first publication stays.

    :raises SaleCanceled: it was canceled
    """
    _lock(sale)
    if sale.state == Sale.State.CANCELED:
        raise SaleCanceled
    is_first = sale.published_at is None
    if is_first:
        sale.published_at, sale.published_hold = now, sale.hold_seconds
    _save_state(sale, Sale.State.PUBLISHED, now=now, by=by)
    if is_first:
        # The record of terms begins with these; the audit log has what becomes of them.
        sale.deals.update(published_price=F("price"), published_limit=F("max_per_shopper"))


@transaction.atomic
def unpublish(sale: Sale, *, now: datetime, by: Staff | None = None, reason: str = "") -> None:
    """Hide a sale for now; its ``published_at`` stays.

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
        fields=["state", "published_at", "published_hold"],
        from_queryset=Sale.objects.select_for_update(no_key=True),
    )


def _save_state(
    sale: Sale, state: Sale.State, *, now: datetime, by: Staff | None, reason: str = ""
) -> None:
    before, sale.state = sale.state, state
    sale.full_clean()
    sale.save(update_fields=["state", "published_at", "published_hold"])
    if before != state:
        record(sale=sale, field="state", before=before, after=state, now=now, by=by, reason=reason)
    work_out_reference_prices(sale.deals.values_list("product", flat=True), now=now)
