"""The record of what was changed of a sale: field by field, before and after, by whom and why."""

from datetime import UTC, datetime
from typing import Any

from django.db.models import Model

from shop.sales.models import Change, Deal, Sale
from shop.staff.models import Staff


def _editable(model: type[Model], *, without: set[str]) -> tuple[str, ...]:
    fields = model._meta.concrete_fields
    return tuple(
        each.name for each in fields if each.editable and each.name not in {"id", *without}
    )


#: What merchants write of a sale and of a deal, in the order in which a form cleans it; the
#: rest is decided, worked out, or counted.
SALE_FIELDS = _editable(Sale, without={"state"})
DEAL_FIELDS = _editable(Deal, without={"sale"})


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
    """Write one change down, in the transaction that makes it.

    :param by: None where no person did: a document that was loaded
    """
    return Change.objects.create(
        sale=sale,
        deal=deal,
        field=field,
        before=as_json(before),
        after=as_json(after),
        reason=reason,
        made_at=now,
        made_by=by,
    )


def as_json(value: Any) -> Any:
    """A field's value as a change keeps it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value if value is None or isinstance(value, bool | int) else str(value)
