"""What ought to happen, from the words of the page and the merchant's acts alone.

Written apart from ``offers.anchors`` on purpose, and in other terms: instants
of the calendar and acts in their order, no tokens, digests or nonces. Two
accounts of one rule that agree are worth more than one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from offers.verdicts import Verdict
from shop.qa.rehearsal.merchant_actions import ActionKind, MerchantAction


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What a page said of one price: for what, how much, and until when.

    ``amount`` is minor units of ``currency``, read from the price as shown;
    ``message`` is the signed offer that goes with it.
    """

    sku: str
    name: str
    shown_at: datetime
    held_until: datetime
    price_text: str
    amount: int
    currency: str
    message: str
    variant: str = ""
    most: int = 1


def honored_until(
    shown_at: datetime, held_until: datetime, acts: Sequence[MerchantAction], at: datetime
) -> datetime:
    """The end of the hold as it stands at an instant: as promised, and what was added since."""
    more = sum(
        act.seconds
        for act in acts
        if act.kind is ActionKind.EXTENSION
        and act.at <= at
        and act.issued_before is not None
        and shown_at < act.issued_before
    )
    return held_until + timedelta(seconds=more)


def is_recalled(
    shown_at: datetime,
    sku: str,
    acts: Sequence[MerchantAction],
    at: datetime,
    *,
    settled: timedelta,
) -> bool:
    """Whether the merchant has taken the offer back by an instant.

    :param settled: how long ago an instant has to be for a recall to spare what came after it;
        with a nearer one everything goes that was shown before the recall
    """
    for act in acts:
        if act.kind is not ActionKind.RECALL or act.at > at or act.sku not in {None, sku}:
            continue
        before = act.at
        if (
            act.issued_before is not None
            and act.sku is None
            and act.issued_before < act.at - settled
        ):
            before = act.issued_before
        if shown_at < before:
            return True
    return False


def expected(
    promise: Promise, acts: Sequence[MerchantAction], at: datetime, *, settled: timedelta
) -> Verdict:
    """What checkout owes to whoever presents the offer at an instant."""
    if is_recalled(promise.shown_at, promise.sku, acts, at, settled=settled):
        return Verdict.RECALLED
    if at >= honored_until(promise.shown_at, promise.held_until, acts, at):
        return Verdict.EXPIRED
    return Verdict.HONORED
