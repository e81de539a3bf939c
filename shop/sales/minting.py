"""Minting: a deal, a shopper and an instant make an offer, signed by the active key.

What is the same in all offers of a deal is prepared once for each key, and kept on the deal's
snapshot (``offers.prepared``).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from offers import conf
from offers.keys import SigningKey
from offers.prepared import PreparedOffer, Recipient, end_of, fresh_ends
from shop.sales.snapshot import DealSnapshot

_SECOND = timedelta(seconds=1)

#: The signed message that carries an offer, and its ``exp``: seconds since 1970.
type FrozenOffer = tuple[str, int]


def freeze(deal: DealSnapshot, *, shopper: str, now: datetime, offer_id: str | None = None) -> str:
    """The signed message that freezes a deal's terms for one shopper, until its hold ends.

    The caller checks that the sale is open (``SaleSnapshot.is_open``).

    :param offer_id: the ``jti``; a renewal derives it, otherwise it is random
    """
    [(message, _)] = _frozen(
        [deal], [end_of(offer_id)] if offer_id else fresh_ends(1), shopper, now
    )
    return message


def freeze_all(deals: Sequence[DealSnapshot], shopper: str, now: datetime) -> list[FrozenOffer]:
    """The same for several deals at once, an offer for each, with the end of its hold."""
    return _frozen(deals, fresh_ends(len(deals)), shopper, now)


def terms_of(deal: DealSnapshot) -> dict[str, str | int]:
    """The claims that all offers of a deal have in common."""
    return {
        "sale": deal.sale,
        "sku": deal.product.sku,
        "amount": deal.amount,
        "currency": deal.product.currency,
        "was": deal.was,
        "max": deal.max,
        "anchor": deal.anchor,
    }


def _frozen(
    deals: Sequence[DealSnapshot], ends: Sequence[str], shopper: str, now: datetime
) -> list[FrozenOffer]:
    key, issued_at = conf.ring().active, int(now.timestamp())
    recipients: dict[timedelta, Recipient] = {}
    frozen = []
    for deal, end in zip(deals, ends, strict=True):
        recipient = recipients.get(deal.hold)
        if recipient is None:
            expires_at = issued_at + deal.hold // _SECOND
            recipient = recipients[deal.hold] = Recipient(shopper, issued_at, expires_at)
        prepared = deal.prepared.get(key) or _prepare(deal, key)
        frozen.append((prepared.sign(recipient, end), recipient.expires_at))
    return frozen


def _prepare(deal: DealSnapshot, key: SigningKey) -> PreparedOffer:
    # What another key has signed, one of before or a preview's, is dropped.
    deal.prepared.clear()
    prepared = deal.prepared[key] = PreparedOffer(terms_of(deal), key)
    return prepared
