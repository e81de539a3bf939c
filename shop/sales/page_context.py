"""Template context: deals with a signed offer each, and the visible sales by phase."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from shop.sales.minting import freeze, mint
from shop.sales.snapshot import DealSnapshot, Phase, ProductSnapshot, SaleSnapshot, Snapshot


@dataclass(frozen=True)
class OfferOnPage:
    """A deal, and the signed message that promises it to this shopper."""

    deal: DealSnapshot
    message: SafeString
    held_until: datetime


@dataclass(frozen=True)
class SalesByPhase:
    """The visible sales: those that run now, those to come, those just over."""

    live: list[SaleSnapshot]
    upcoming: list[SaleSnapshot]
    over: list[SaleSnapshot]


def offers_for(deals: Iterable[DealSnapshot], shopper: str, now: datetime) -> list[OfferOnPage]:
    """Mint one offer for each deal."""
    offers = []
    for deal in deals:
        offer = mint(deal, shopper=shopper, now=now)
        # Base64url and dots: there is nothing in it to escape.
        message = SafeString(freeze(offer))
        offers.append(OfferOnPage(deal, message, offer.held_until))
    return offers


def sales_by_phase(snapshot: Snapshot, now: datetime) -> SalesByPhase:
    """All visible sales in the order in which a visitor wants them."""
    visible = [sale for sale in snapshot.sales.values() if sale.visible and sale.deals_on_show]

    def of(phase: Phase) -> list[SaleSnapshot]:
        return [sale for sale in visible if sale.phase(now) is phase]

    return SalesByPhase(
        live=sorted(of(Phase.LIVE), key=lambda sale: sale.ends_at),
        upcoming=sorted(of(Phase.UPCOMING), key=lambda sale: sale.starts_at),
        over=sorted(of(Phase.OVER), key=lambda sale: sale.ends_at, reverse=True)[:6],
    )


def product_at(snapshot: Snapshot, slug: str) -> ProductSnapshot | None:
    """The product at an address; its sku in small letters finds it too."""
    product = snapshot.products_by_slug.get(slug)
    if product is None:
        skus = {sku.lower(): sku for sku in snapshot.products}
        product = snapshot.products.get(skus.get(slug.lower(), ""))
    return product
