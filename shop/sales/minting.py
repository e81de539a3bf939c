"""Minting: a deal, a shopper and an instant make an offer."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.safestring import SafeString

from offers import conf, tokens
from offers.anchors import new_id
from offers.terms import Offer
from shop.sales.snapshot import DealSnapshot

_SECOND = timedelta(seconds=1)


def mint(deal: DealSnapshot, *, shopper: str, now: datetime, offer_id: str | None = None) -> Offer:
    """Freeze a deal's terms for one shopper, from now until the end of its hold.

    The caller checks that the sale is open (``SaleSnapshot.is_open``).

    :param offer_id: the ``jti``; a renewal derives it, otherwise it is random
    """
    issued_at = int(now.timestamp())
    return Offer(
        issuer=conf.ring().active.issuer,
        shopper=shopper,
        id=offer_id or new_id(),
        issued_at=issued_at,
        expires_at=issued_at + deal.hold // _SECOND,
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


@dataclass(frozen=True)
class OfferOnPage:
    """A deal, and the signed message that promises it to this shopper."""

    deal: DealSnapshot
    message: SafeString
    held_until: datetime


def offers_for(deals: Iterable[DealSnapshot], shopper: str, now: datetime) -> list[OfferOnPage]:
    """Mint one offer for each deal."""
    offers = [(deal, mint(deal, shopper=shopper, now=now)) for deal in deals]
    # Base64url and dots: there is nothing in a message to escape.
    return [OfferOnPage(deal, SafeString(freeze(each)), each.held_until) for deal, each in offers]
