"""Minting: a deal, a shopper and an instant make an offer."""

from datetime import datetime

from offers import conf, tokens
from offers.anchors import new_id
from offers.terms import Offer
from shop.sales.snapshot import DealSnapshot


def mint(deal: DealSnapshot, *, shopper: str, now: datetime, offer_id: str | None = None) -> Offer:
    """Freeze a deal's terms for one shopper, from now until the end of its hold.

    Whether the deal may be offered now is the caller's to know
    (``SaleSnapshot.is_open``): none is minted outside the window.

    :param offer_id: the ``jti``; a renewal derives it, otherwise it is random
    """
    issued_at = int(now.timestamp())
    return Offer(
        issuer=conf.ring().active.issuer,
        shopper=shopper,
        id=offer_id or new_id(),
        issued_at=issued_at,
        expires_at=issued_at + int(deal.hold.total_seconds()),
        sale=deal.sale,
        sku=deal.product.sku,
        amount=deal.amount,
        currency=deal.product.currency,
        was=deal.was,
        max=deal.max,
        anchor=deal.anchor,
    )


def freeze(offer: Offer) -> str:
    """The signed message that carries an offer, for the browser to keep."""
    return tokens.sign_offer(offer, conf.ring().active)
