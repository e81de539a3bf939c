"""Stock of variants: the only writer of it, with a movement for each change."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from shop.catalog.models import StockMovement, Variant
from shop.staff.models import Staff


class TooFew(Exception):
    """More would be taken out than is left: orders have claimed the rest."""


@transaction.atomic
def move_stock(
    variant: Variant,
    units: int,
    *,
    reason: StockMovement.Reason,
    now: datetime,
    made_by: Staff | None = None,
    note: str = "",
) -> None:
    """Add units to a variant's stock, or take some out, and record why.

    Safe when two do so at once: units are added, not set.

    :param units: below zero to take out; zero does nothing
    :raises TooFew: fewer are left than are to be taken out; nothing was written
    """
    if not units:
        return
    enough = Q(claimed__lte=F("stock") + units)
    if not Variant.objects.filter(enough, pk=variant.pk).update(stock=F("stock") + units):
        raise TooFew
    variant.refresh_from_db(fields=["stock"])
    variant.movements.create(units=units, reason=reason, note=note, made_at=now, made_by=made_by)


@transaction.atomic
def save_with_stock(
    variant: Variant,
    fields: list[str],
    *,
    reason: StockMovement.Reason,
    now: datetime,
    made_by: Staff | None = None,
) -> None:
    """Save a variant whose stock was set to a number, and record the difference.

    :param fields: the changed ones; a new variant is saved with all
    :raises django.db.IntegrityError: more units are claimed by now than it was set to
    """
    before = variant.stock if variant.pk is not None else 0
    if variant.pk is not None and "stock" in fields:
        before = Variant.objects.select_for_update(no_key=True).get(pk=variant.pk).stock
    variant.save(update_fields=fields if variant.pk is not None else None)
    if units := variant.stock - before:
        variant.movements.create(units=units, reason=reason, made_at=now, made_by=made_by)


def record_supplies(
    units: Mapping[Variant, int],
    *,
    reason: StockMovement.Reason,
    now: datetime,
    made_by: Staff | None,
) -> None:
    """Record by how many units each variant's stock was changed, in the transaction that did so.

    In one statement for any number of variants; where nothing moved, nothing is recorded.
    """
    moved = {variant: number for variant, number in units.items() if number}
    StockMovement.objects.bulk_create(
        StockMovement(variant=variant, units=number, reason=reason, made_at=now, made_by=made_by)
        for variant, number in moved.items()
    )
