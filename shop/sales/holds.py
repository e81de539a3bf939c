"""Extend and recall the offers of a sale that are out; nothing else changes those."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from offers.anchors import new_nonce
from shop.sales.models import Deal, Extension, Recall, Sale
from shop.staff.models import Staff


def extend(
    *,
    sale: Sale,
    seconds: int,
    by: Staff | None,
    now: datetime,
    reason: str = "",
    issued_before: datetime | None = None,
) -> Extension:
    """Hold every offer of a sale that was issued before now for longer, in one more extension.

    An unused offer that had expired is good again.

    :param issued_before: only those from before an earlier instant
    """
    return Extension.objects.create(
        sale=sale,
        issued_before=issued_before or now,
        seconds=seconds,
        reason=reason,
        made_at=now,
        made_by=by,
    )


@transaction.atomic
def recall(
    *,
    sale: Sale,
    deal: Deal | None = None,
    reason: str,
    by: Staff | None,
    now: datetime,
    issued_from: datetime | None = None,
    issued_before: datetime | None = None,
) -> Recall:
    """Void the offers of a sale, or of one of its deals, that were issued in a stretch of time.

    An offer says when it was issued in whole seconds, rounded down; so is ``issued_from``, and no
    offer of the stretch stays good. Where ``issued_before`` is None, or so near that a stale
    showcase may still mint offers from before it, the recall reaches every offer that is out by
    now, and replaces a nonce.

    :param reason: shown to shoppers
    :param issued_from: offers issued before it stay good; None: none does
    :raises ValidationError: the stretch ends before it begins, or lies in the future
    """
    # The lock makes recalls of a sale wait for each other: each replaces the last one's nonce.
    locked = Sale.objects.select_for_update(no_key=True).get(pk=sale.pk)
    row = Recall(
        sale=sale,
        deal=deal,
        issued_from=issued_from and issued_from.replace(microsecond=0),
        issued_before=issued_before,
        reason=reason,
        made_at=now,
        made_by=by,
    )
    # The database holds the constraints: the nonce is still to come.
    row.full_clean(validate_constraints=False)
    if reaches_all_later(issued_before, now):
        row.issued_before = None
        if deal is None:
            row.replaced_nonce = locked.nonce
            sale.nonce = new_nonce()
            sale.save(update_fields=["nonce"])
        else:
            deal.refresh_from_db(fields=["nonce"])
            row.replaced_nonce, deal.nonce = deal.nonce, new_nonce()
            deal.save(update_fields=["nonce"])
    row.save()
    return row


def reaches_all_later(issued_before: datetime | None, now: datetime) -> bool:
    """Whether a recall that is made now reaches every offer from its beginning on that is out.

    One with an end does if a stale page may still mint from before it.
    """
    settled = now - timedelta(seconds=settings.SHOWCASE_MAX_STALE)
    return issued_before is None or issued_before >= settled
