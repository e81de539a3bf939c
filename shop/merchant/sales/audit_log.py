"""The record of a sale: who did what, when and why, and how it was before."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from shop.core.durations import exact_duration
from shop.merchant.sales.field_changes import FieldChange
from shop.sales.models import Change, Extension, Recall, Sale
from shop.staff.models import Staff


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Something that was done, by whom, and why."""

    at: datetime
    who: str
    what: str
    why: str


def history_of(sale: Sale) -> list[AuditEntry]:
    """Everything that was done to a sale, the latest first."""
    moments = [*_changes(sale), *_extensions(sale), *_recalls(sale)]
    return sorted(moments, key=lambda each: each.at, reverse=True)


def who(person: Staff | None) -> str:
    """Whoever did it, by name."""
    return str(person) if person else "A document, or a command"


def _changes(sale: Sale) -> Iterator[AuditEntry]:
    # The latest first, also of those of one instant.
    rows = sale.changes.select_related("made_by", "deal__product", "sale").order_by("-pk")
    for row in rows:
        yield _moment(row, str(FieldChange.of(row)))


def _extensions(sale: Sale) -> Iterator[AuditEntry]:
    for row in sale.extensions.select_related("made_by").order_by("-pk"):
        yield _moment(
            row,
            f"Offers shown before {_instant(row.issued_before, sale)} are held "
            f"{exact_duration(row.seconds)} longer",
        )


def _recalls(sale: Sale) -> Iterator[AuditEntry]:
    for row in sale.recalls.select_related("made_by", "deal__product").order_by("-pk"):
        what = row.deal.product.name if row.deal else "all deals"
        until = row.issued_before or row.made_at
        yield _moment(row, f"Offers of {what} shown before {_instant(until, sale)} are taken back")


def _moment(row: Change | Extension | Recall, what: str) -> AuditEntry:
    return AuditEntry(row.made_at, who(row.made_by), what, row.reason)


def _instant(instant: datetime, sale: Sale) -> str:
    return f"{instant.astimezone(sale.zone):%F %H:%M:%S}"
