"""Offers that a restored database may have forgotten: how those of one deal are judged.

``restorations`` writes the rows; ADR 13 says why.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from offers.anchors import LostAnchors, Recall
from shop.sales.deal_recalls import DealRecall
from shop.sales.models import LONGEST_HOLD_SECONDS, RestoredSale
from shop.sales.term_history import Stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredStretch:
    """Offers of a sale issued in ``[issued_from, issued_before)``, and what becomes of them.

    ``recalled_from`` and ``recalled_before``: at list price, the stretch that was recalled.
    """

    issued_from: datetime
    issued_before: datetime
    decision: str
    decided_at: datetime | None = None
    recalled_from: datetime | None = None
    recalled_before: datetime | None = None
    reason: str = ""

    @property
    def is_undecided(self) -> bool:
        """Whether the lines of the sale wait for the operator."""
        return self.decision == RestoredSale.Decision.UNDECIDED


def lost_anchors(
    stretches: Iterable[RestoredStretch], recalls: Sequence[DealRecall]
) -> tuple[LostAnchors, ...]:
    """The stretches in which an unknown anchor voids no offer, as ``OfferState`` has them.

    While nothing is decided that holds too: the bag keeps its lines, and they wait.

    :param recalls: all of the deal; those without an end stand there as stretches of time
    """
    by_nonce = tuple(
        Recall(each.issued_from, each.made_at) for each in recalls if each.issued_before is None
    )
    return tuple(
        LostAnchors(each.issued_from, each.issued_before, by_nonce)
        for each in stretches
        if each.decision != RestoredSale.Decision.RECALL
    )


def lost(stretches: Iterable[RestoredStretch | RestoredSale]) -> tuple[Stretch, ...]:
    """The stretches whose offers may be honored until any time: their hold is forgotten too.

    The longest hold that a sale can have bounds it.
    """
    longest = timedelta(seconds=LONGEST_HOLD_SECONDS)
    return tuple(
        Stretch(each.issued_from, each.issued_before, longest)
        for each in stretches
        if each.decision != RestoredSale.Decision.RECALL
    )


def list_recalls(stretches: Iterable[RestoredStretch]) -> tuple[DealRecall, ...]:
    """What was recalled of all offers at list price."""
    return tuple(
        DealRecall(
            issued_from=each.recalled_from,
            issued_before=each.recalled_before,
            replaced_anchor=None,
            reason=each.reason,
            made_at=each.decided_at or each.issued_before,
        )
        for each in stretches
        if each.recalled_before is not None
    )
