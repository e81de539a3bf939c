"""The audit log of a sale: its changes, extensions and recalls."""

from typing import Any

from shop.core.durations import exact_duration
from shop.core.formatting import iso_second
from shop.merchant.sales.field_changes import describe
from shop.sales.models import Change, Extension, Recall, Sale
from shop.staff.models import Staff


def read_audit_log(sale: Sale) -> list[dict[str, Any]]:
    """The entries about a sale, the latest first: ``at``, ``who``, ``what`` and ``why``."""
    # The latest first, also among those of one instant: the sort is stable.
    rows: list[Change | Extension | Recall] = [
        *sale.changes.select_related("made_by", "deal__product", "sale").order_by("-pk"),
        *sale.extensions.select_related("made_by").order_by("-pk"),
        *sale.recalls.select_related("made_by", "deal__product").order_by("-pk"),
    ]
    return [
        {
            "at": row.made_at,
            "who": author_name(row.made_by),
            "what": _in_words(row, sale),
            "why": row.reason,
        }
        for row in sorted(rows, key=lambda row: row.made_at, reverse=True)
    ]


def author_name(person: Staff | None) -> str:
    """The name of a change's author; commands have none."""
    return str(person) if person else "A document, or a command"


def _in_words(row: Change | Extension | Recall, sale: Sale) -> str:
    if isinstance(row, Change):
        return describe(row)
    before = f"before {iso_second(row.issued_before or row.made_at, sale.zone)}"
    if isinstance(row, Extension):
        return f"Offers shown {before} are held {exact_duration(row.seconds)} longer"
    what = row.deal.product.name if row.deal else "all deals"
    since = f"from {iso_second(row.issued_from, sale.zone)} on and " if row.issued_from else ""
    return f"Offers of {what} shown {since}{before} are taken back"
