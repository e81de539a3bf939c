"""The recalls that concern one deal: which offers they void, and why.

A recall without an end replaces a nonce, and voids offers by their anchor; one with an end
voids what was issued in its stretch. ``holds.recall`` decides which of both it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from offers.anchors import Recall, anchor_digest, earlier_anchors
from offers.terms import Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallRow:
    """What the row of a recall says; ``deal`` is a key, None for the whole sale."""

    deal: int | None
    issued_from: datetime | None
    issued_before: datetime | None
    replaced_nonce: str
    reason: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DealRecall:
    """A recall of a deal's offers that were issued in ``[issued_from, issued_before)``.

    ``issued_before`` None: up to ``made_at``, by the anchor that it replaced
    (``replaced_anchor``, None where nobody knows it).
    """

    issued_from: datetime | None
    issued_before: datetime | None
    replaced_anchor: str | None
    reason: str
    made_at: datetime


def deal_recalls(
    rows: Sequence[RecallRow], deal: int, sale_nonce: str, deal_nonce: str
) -> tuple[DealRecall, ...]:
    """The recalls of a deal among those of its sale, both in the order in which they were made.

    :param sale_nonce: the present one, as is ``deal_nonce``
    """
    found: list[DealRecall] = []
    is_known = True
    for row in reversed(rows):
        if row.deal not in {None, deal}:
            continue
        anchor = None
        if row.issued_before is None:
            is_known = is_known and bool(row.replaced_nonce)
            if row.deal is None:
                sale_nonce = row.replaced_nonce
            else:
                deal_nonce = row.replaced_nonce
            anchor = anchor_digest(sale_nonce, deal_nonce) if is_known else None
        found.append(
            DealRecall(
                issued_from=row.issued_from,
                issued_before=row.issued_before,
                replaced_anchor=anchor,
                reason=row.reason,
                made_at=row.made_at,
            )
        )
    return tuple(reversed(found))


def good_anchors(recalls: Sequence[DealRecall]) -> dict[str, datetime]:
    """The replaced anchors of which offers are still good, as ``OfferState`` has them."""
    return earlier_anchors(
        # Without its anchor a recall is one of everything before it.
        (each.replaced_anchor or "", each.issued_from if each.replaced_anchor else None)
        for each in reversed(recalls)
        if each.issued_before is None
    )


def recalled_stretches(recalls: Iterable[DealRecall]) -> tuple[Recall, ...]:
    """The stretches whose offers are void, as ``OfferState`` has them."""
    return tuple(
        Recall(each.issued_from, each.issued_before)
        for each in recalls
        if each.issued_before is not None
    )


def reason_of(offer: Offer, anchor: str, recalls: Sequence[DealRecall]) -> str:
    """Why an offer was taken back: the reason of the first recall that voids it, or "".

    :param anchor: the deal's present one
    """
    reason, is_older = "", offer.anchor != anchor
    for each in reversed(recalls):
        if each.issued_before is not None:
            voids = Recall(each.issued_from, each.issued_before).reaches(offer)
        else:
            begins = each.issued_from
            voids = is_older and (begins is None or offer.issued_at >= begins.timestamp())
            # Recalls before this one were made when no offer had this anchor.
            is_older = is_older and offer.anchor != each.replaced_anchor
        reason = each.reason if voids else reason
    return reason
