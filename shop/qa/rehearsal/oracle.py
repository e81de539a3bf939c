"""The test oracle: expected verdicts, from the words of the page and the merchant's actions alone.

Independent of ``offers.anchors`` on purpose, and written in other terms: instants
of the calendar and actions in their order, no tokens, digests or nonces. What an
extension or a recall does, the walk's account knows (``shop.qa.walk.account``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from offers.verdicts import Verdict
from shop.qa.rehearsal.merchant_actions import ActionKind, MerchantAction, event_of
from shop.qa.walk.account import ShopAccount

#: The account of a scenario knows one sale.
_SALE = "rehearsed"
#: What takes a sale's page away, before its close too.
TAKING_DOWN = frozenset({ActionKind.HIDING, ActionKind.CANCELLATION})
_CLOSING = TAKING_DOWN | {ActionKind.CLOSE}


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
    amount_text: str
    amount: int
    currency: str
    message: str
    variant: str = ""


def honored_until(
    shown_at: datetime, held_until: datetime, actions: Sequence[MerchantAction], at: datetime
) -> datetime:
    """The end of the hold, with the extensions made by an instant."""
    return held_until + _account(actions).longer(_SALE, shown_at, at)


def hold_at(instant: datetime, hold: timedelta, actions: Sequence[MerchantAction]) -> timedelta:
    """How long what is shown at an instant is held: as configured, or as changed by then."""
    for action in actions:
        if action.kind is ActionKind.SHORTER_HOLD and action.at <= instant:
            hold = timedelta(seconds=action.seconds)
    return hold


def closes_at(instant: datetime, ends_at: datetime, actions: Sequence[MerchantAction]) -> datetime:
    """When the sale makes its last offer, as far as is decided by an instant."""
    for action in actions:
        if action.kind in _CLOSING and action.at <= instant:
            ends_at = min(ends_at, action.at)
        elif action.kind is ActionKind.LONGER_WINDOW and action.at <= instant:
            ends_at += timedelta(seconds=action.seconds)
    return ends_at


def is_withdrawn(sku: str, actions: Sequence[MerchantAction], at: datetime) -> bool:
    """Whether a deal was withdrawn by an instant; its offers stay good."""
    return any(
        action.kind is ActionKind.WITHDRAWAL and action.sku == sku and action.at <= at
        for action in actions
    )


def is_recalled(
    shown_at: datetime,
    sku: str,
    actions: Sequence[MerchantAction],
    at: datetime,
    *,
    max_stale: timedelta,
) -> bool:
    """Whether the merchant has recalled the offer by an instant.

    :param max_stale: a recall of offers issued before an instant spares later ones only if that
        instant is longer ago than this; otherwise it voids everything shown before the recall
    """
    return _account(actions, max_stale).is_recalled(_SALE, sku, shown_at, at)


def expected_verdict(
    promise: Promise, actions: Sequence[MerchantAction], at: datetime, *, max_stale: timedelta
) -> Verdict:
    """The verdict that checkout owes an offer that is presented at an instant."""
    if is_recalled(promise.shown_at, promise.sku, actions, at, max_stale=max_stale):
        return Verdict.RECALLED
    if at >= honored_until(promise.shown_at, promise.held_until, actions, at):
        return Verdict.EXPIRED
    return Verdict.HONORED


def _account(actions: Sequence[MerchantAction], max_stale: timedelta = timedelta()) -> ShopAccount:
    events = (event_of(action, _SALE) for action in actions)
    return ShopAccount((event for event in events if event is not None), max_stale=max_stale)
