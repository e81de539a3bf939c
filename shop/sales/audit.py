"""The audit log of a sale: each changed field before and after, by whom and why."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import Model

from shop.sales.models import Change, Deal, Sale
from shop.staff.models import Staff


def _editable_fields(model: type[Model], *, without: set[str]) -> tuple[str, ...]:
    fields = model._meta.concrete_fields
    return tuple(
        each.name for each in fields if each.editable and each.name not in {"id", *without}
    )


#: The fields of a sale and of a deal that merchants write, in the order in which forms clean them.
SALE_FIELDS = _editable_fields(Sale, without={"state"})
DEAL_FIELDS = _editable_fields(Deal, without={"sale"})


def record(
    *,
    sale: Sale,
    field: str,
    before: Any,
    after: Any,
    now: datetime,
    by: Staff | None,
    deal: Deal | None = None,
    reason: str = "",
) -> Change:
    """Record one change, in the transaction that makes it.

    :param by: None for a document that was loaded, or a command
    """
    change = change_of(sale, field, before, after, now=now, by=by, deal=deal)
    change.reason = reason
    change.save(force_insert=True)
    return change


def change_of(
    sale: Sale,
    field: str,
    before: Any,
    after: Any,
    *,
    now: datetime,
    by: Staff | None,
    deal: Deal | None = None,
) -> Change:
    """An entry that is still to be recorded."""
    return Change(
        sale=sale,
        deal=deal,
        field=field,
        before=as_json(before),
        after=as_json(after),
        made_at=now,
        made_by=by,
    )


def record_in_bulk(changes: Sequence[Change]) -> None:
    """Record many changes in one statement, in the transaction that makes them."""
    Change.objects.bulk_create(changes)


@transaction.atomic
def change(
    *,
    sale: Sale,
    field: str,
    value: Any,
    now: datetime,
    by: Staff | None,
    deal: Deal | None = None,
    reason: str = "",
) -> None:
    """Change a field of a sale or of one of its deals, and record it.

    :raises ValidationError: the field cannot have that value
    """
    row = deal or sale
    before = getattr(row, field)
    setattr(row, field, value)
    row.full_clean()
    row.save(update_fields=[field])
    record(
        sale=sale,
        deal=deal,
        field=field,
        before=before,
        after=value,
        now=now,
        by=by,
        reason=reason,
    )


def as_json(value: Any) -> Any:
    """A field's value as JSON: instants in ISO 8601, money in minor units."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value if value is None or isinstance(value, bool | int) else str(value)
