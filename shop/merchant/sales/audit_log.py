"""The audit log of a sale: its changes, extensions and recalls."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from shop.core.durations import exact_duration
from shop.merchant.sales.field_changes import describe
from shop.sales.models import Change, Extension, Recall, Sale
from shop.staff.models import Staff


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An entry of the audit log, with its author and reason."""

    at: datetime
    who: str
    what: str
    why: str


def read_audit_log(sale: Sale) -> list[AuditEntry]:
    """The entries about a sale, the latest first."""
    entries = [*_changes(sale), *_extensions(sale), *_recalls(sale)]
    return sorted(entries, key=lambda each: each.at, reverse=True)


def author_name(person: Staff | None) -> str:
    """The name of a change's author; commands have none."""
    return str(person) if person else "A document, or a command"


def _changes(sale: Sale) -> Iterator[AuditEntry]:
    # The latest first, also among those of one instant.
    rows = sale.changes.select_related("made_by", "deal__product", "sale").order_by("-pk")
    for row in rows:
        yield _entry(row, describe(row))


def _extensions(sale: Sale) -> Iterator[AuditEntry]:
    for row in sale.extensions.select_related("made_by").order_by("-pk"):
        yield _entry(
            row,
            f"Offers shown before {_instant(row.issued_before, sale)} are held "
            f"{exact_duration(row.seconds)} longer",
        )


def _recalls(sale: Sale) -> Iterator[AuditEntry]:
    for row in sale.recalls.select_related("made_by", "deal__product").order_by("-pk"):
        what = row.deal.product.name if row.deal else "all deals"
        until = row.issued_before or row.made_at
        yield _entry(row, f"Offers of {what} shown before {_instant(until, sale)} are taken back")


def _entry(row: Change | Extension | Recall, what: str) -> AuditEntry:
    return AuditEntry(row.made_at, author_name(row.made_by), what, row.reason)


def _instant(instant: datetime, sale: Sale) -> str:
    return f"{instant.astimezone(sale.zone):%F %H:%M:%S}"
