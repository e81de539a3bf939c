"""Extend and recall the offers of a sale that are out; nothing else changes those."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from offers.anchors import new_nonce
from shop.sales.models import Deal, Extension, Recall, Sale
from shop.staff.models import Staff


def extend(
    *, sale: Sale, seconds: int, by: Staff | None, now: datetime, reason: str = ""
) -> Extension:
    """Hold every offer of a sale that was issued before now for longer, in one more extension.

    An unused offer that had expired is good again.
    """
    return Extension.objects.create(
        sale=sale, issued_before=now, seconds=seconds, reason=reason, made_at=now, made_by=by
    )


def recall(
    *,
    sale: Sale,
    deal: Deal | None = None,
    reason: str,
    by: Staff | None,
    now: datetime,
    issued_before: datetime | None = None,
) -> Recall:
    """Void offers that are out: of a sale, of one of its deals, or those before an instant.

    The nonce is replaced for a single deal, and for an ``issued_before`` so near that a
    stale showcase may still mint offers from before it.

    :param reason: shown to shoppers
    """
    with transaction.atomic():
        if deal is not None:
            deal.nonce, deal.recall_reason = new_nonce(), reason
            deal.save(update_fields=["nonce", "recall_reason"])
        elif issued_before is not None and not voids_all(issued_before, now):
            earlier = Sale.objects.select_for_update().get(pk=sale.pk).recall_before
            sale.recall_before = max(issued_before, earlier or issued_before)
            sale.recall_reason = reason
            sale.save(update_fields=["recall_before", "recall_reason"])
        else:
            sale.nonce, sale.recall_reason = new_nonce(), reason
            sale.save(update_fields=["nonce", "recall_reason"])
        return Recall.objects.create(
            sale=sale,
            deal=deal,
            issued_before=issued_before,
            reason=reason,
            made_at=now,
            made_by=by,
        )


def voids_all(issued_before: datetime | None, now: datetime) -> bool:
    """Whether a recall of a whole sale, made now, voids all its offers that are out.

    One with an instant does if a stale page may still mint from before it.
    """
    settled = now - timedelta(seconds=settings.SHOWCASE_MAX_STALE)
    return issued_before is None or issued_before >= settled
