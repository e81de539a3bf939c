"""What is on show, as immutable values: sales, deals and products at one moment.

``snapshot_queries`` reads them from rows, ``showcase`` keeps them in memory.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from operator import attrgetter
from zoneinfo import ZoneInfo

from django.urls import reverse

from offers.anchors import Extension, LostAnchors, OfferState, Recall
from offers.prepared import PreparedOffer
from offers.terms import LIST, Offer
from shop.catalog.pictures import Picture
from shop.core.durations import exact_duration
from shop.core.money import format_money, percent_off
from shop.sales.deal_recalls import DealRecall, good_anchors, reason_of, recalled_stretches
from shop.sales.hold_end import SaleHolds
from shop.sales.product_snapshot import ProductSnapshot
from shop.sales.restored_offers import RestoredStretch, lost, lost_anchors
from shop.sales.term_history import TermChange, Terms, terms_history

#: From here on down, how many are left is said.
FEW = 9
#: Sales that are over and without held prices, listed at most.
MOST_OVER = 6


class Phase(StrEnum):
    """Where a sale stands by the clock."""

    UPCOMING = "upcoming"
    LIVE = "live"
    OVER = "over"


@dataclass(frozen=True, kw_only=True)
class DealSnapshot:
    """A price for a product, in a sale or at list: everything an offer is minted from."""

    sale: str
    product: ProductSnapshot
    amount: int
    was: int
    max: int
    hold: timedelta
    anchor: str
    id: int | None = None
    position: int = 0
    allocation: int | None = None
    claimed: int = 0
    withdrawn: bool = False
    delayed_payment: bool = False
    recalls: tuple[DealRecall, ...] = ()
    extensions: tuple[Extension, ...] = ()
    restored: tuple[RestoredStretch, ...] = ()
    #: Its offers, prepared for the key that signed the last one (``minting``).
    prepared: dict[object, PreparedOffer] = field(default_factory=dict, init=False, compare=False)

    @cached_property
    def allocation_left(self) -> int | None:
        """Units of the allocation not yet claimed; None where the stock alone bounds it."""
        return None if self.allocation is None else self.allocation - self.claimed

    @cached_property
    def left(self) -> int:
        """Units a shopper could still have: what allocation and stock both allow."""
        stock = self.product.left
        return stock if self.allocation_left is None else min(stock, self.allocation_left)

    @cached_property
    def percent_claimed(self) -> int:
        """How much of what there was to have is claimed, in whole percent, rounded down."""
        supplied = self.left + self.claimed
        return self.claimed * 100 // supplied if supplied else 100

    @cached_property
    def claimed_text(self) -> str:
        """The same in words; how many are left where that is few."""
        if self.left == 0:
            return "All are claimed."
        if self.claimed == 0:
            claimed = "All still here"
        else:
            claimed = f"{self.percent_claimed or 'Under 1'}% claimed"
        return f"{claimed}, {self.left} left" if self.left <= FEW else claimed

    @cached_property
    def most_at_once(self) -> int:
        """Units that one form may ask for; at least the one it starts with."""
        return max(1, min(self.max, self.left))

    @cached_property
    def amount_text(self) -> str:
        return format_money(self.amount, self.product.currency)

    @cached_property
    def was_text(self) -> str:
        """The reference price, as people read it; empty where there is no reduction."""
        return format_money(self.was, self.product.currency) if self.was > self.amount else ""

    @cached_property
    def percent_off(self) -> int:
        """The reduction against the reference price, in whole percent."""
        return percent_off(self.amount, self.was)

    @cached_property
    def earlier_anchors(self) -> Mapping[str, datetime]:
        """Anchors that recalls replaced, each good for offers issued before its instant."""
        return good_anchors(self.recalls)

    @cached_property
    def recalled_stretches(self) -> tuple[Recall, ...]:
        """Stretches of time whose offers are void."""
        return recalled_stretches(self.recalls)

    @cached_property
    def lost_anchors(self) -> tuple[LostAnchors, ...]:
        """Stretches whose anchors a restored database has forgotten."""
        return lost_anchors(self.restored, self.recalls)

    @cached_property
    def is_undecided(self) -> bool:
        """Whether the operator has still to say what becomes of forgotten offers."""
        return any(each.is_undecided for each in self.restored)

    def recall_reason(self, offer: Offer) -> str:
        """Why an offer of it was taken back, as the merchant put it; "" if it was not."""
        return reason_of(offer, self.anchor, self.recalls)

    def offer_state(
        self, quantities: Mapping[str, int], *, used: bool, units_taken: int, most: int
    ) -> OfferState:
        """What the rows say of an offer of this deal, for units by variant.

        :param units_taken: units the shopper has in orders already
        :param most: the offer's own limit, frozen with its price
        """
        at_hand = 0
        for sku, quantity in quantities.items():
            variant = self.product.variant(sku)
            at_hand += min(quantity, variant.left if variant else 0)
        if self.allocation_left is not None:
            at_hand = min(at_hand, self.allocation_left)
        return OfferState(
            anchor=self.anchor,
            earlier_anchors=self.earlier_anchors,
            recalls=self.recalled_stretches,
            lost_anchors=self.lost_anchors,
            extensions=self.extensions,
            used=used,
            units_allowed=most - units_taken,
            units_left=at_hand,
        )


@dataclass(frozen=True, kw_only=True)
class SaleSnapshot:
    """A sale with its deals. ``visible`` is the merchant's will, the phase the clock's."""

    id: int
    slug: str
    title: str
    text: str
    zone: ZoneInfo
    starts_at: datetime
    ends_at: datetime
    hold: timedelta
    visible: bool
    picture: Picture | None = None
    deals: tuple[DealSnapshot, ...] = ()
    extensions: tuple[Extension, ...] = ()
    published_at: datetime | None = None
    restored: tuple[RestoredStretch, ...] = ()
    #: Entries of the audit log that ``last_hold_ends_at`` depends on, the latest first.
    changes: tuple[TermChange, ...] = ()

    @cached_property
    def url(self) -> str:
        return reverse("sales:sale", args=[self.slug])

    def phase(self, now: datetime) -> Phase:
        """Upcoming, live or over; the window is half-open, ``[starts_at, ends_at)``."""
        if now < self.starts_at:
            return Phase.UPCOMING
        return Phase.LIVE if now < self.ends_at else Phase.OVER

    def seconds_over(self, now: datetime) -> int | None:
        """How long it is over, in whole seconds rounded down; None before its close."""
        return (now - self.ends_at) // timedelta(seconds=1) if now >= self.ends_at else None

    def is_open(self, now: datetime) -> bool:
        """Whether offers of this sale are minted now."""
        return self.visible and self.phase(now) is Phase.LIVE

    @cached_property
    def deals_on_show(self) -> tuple[DealSnapshot, ...]:
        return tuple(deal for deal in self.deals if not deal.withdrawn)

    @cached_property
    def keys_of_deals(self) -> frozenset[int | None]:
        """The keys of their rows."""
        return frozenset(deal.id for deal in self.deals)

    @cached_property
    def keys_of_products(self) -> frozenset[int]:
        """The keys of the rows of their products."""
        return frozenset(deal.product.id for deal in self.deals)

    @cached_property
    def deals_by_sku(self) -> Mapping[str, DealSnapshot]:
        """Its deals, on show or not, by the skus of their products."""
        return {deal.product.sku: deal for deal in self.deals}

    @cached_property
    def hold_text(self) -> str:
        """How long a price of it is held, in words: "30 minutes"."""
        return exact_duration(int(self.hold.total_seconds()))

    @cached_property
    def last_hold_ends_at(self) -> datetime:
        """The instant from which no offer of it is honored."""
        present = Terms(
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            hold=self.hold,
            is_published=self.visible or self.published_at is None,
            withdrawn=frozenset(each.id for each in self.deals if each.withdrawn and each.id),
            since=self.published_at,
        )
        terms = tuple(terms_history(present, self.changes))
        recalls = {each.id: each.recalls for each in self.deals if each.id is not None}
        return SaleHolds(terms, self.extensions, recalls, lost(self.restored)).last_end


@dataclass(frozen=True)
class SalesByPhase:
    """The visible sales: those that run now, those to come, those just over."""

    live: list[SaleSnapshot]
    upcoming: list[SaleSnapshot]
    over: list[SaleSnapshot]


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """All of it at one moment: read in one statement, so that it agrees with itself."""

    sales: Mapping[str, SaleSnapshot]
    products: Mapping[str, ProductSnapshot]
    list_deals: Mapping[str, DealSnapshot]
    skus_by_key: Mapping[int, str] = field(default_factory=dict)
    #: Whether a backup was restored, and what Stripe knows besides was not taken in yet.
    is_checkout_closed: bool = False

    def product_of(self, key: int | None) -> ProductSnapshot | None:
        """The product whose row has this key."""
        sku = self.skus_by_key.get(key or 0)
        return None if sku is None else self.products[sku]

    @cached_property
    def first_end(self) -> datetime | None:
        """When the first of its sales ends; None where there is none."""
        return min((sale.ends_at for sale in self.sales.values()), default=None)

    def of_products(self, skus: Iterable[str]) -> "Snapshot":
        """The same sales, and no other products than these."""
        products = {sku: self.products[sku] for sku in skus if sku in self.products}
        return replace(
            self,
            products=products,
            list_deals={sku: self.list_deals[sku] for sku in products},
            skus_by_key={product.id: sku for sku, product in products.items()},
        )

    @cached_property
    def _products_by_slug(self) -> Mapping[str, ProductSnapshot]:
        return {product.slug: product for product in self.products.values()}

    @cached_property
    def _products_by_small_sku(self) -> Mapping[str, ProductSnapshot]:
        return {product.sku.lower(): product for product in self.products.values()}

    def product_at(self, slug: str) -> ProductSnapshot | None:
        """The product at ``/products/<slug>/``; its sku in small letters finds it too."""
        found = self._products_by_slug.get(slug)
        return found or self._products_by_small_sku.get(slug.lower())

    def sales_by_phase(self, now: datetime) -> SalesByPhase:
        """All visible sales in the order in which a visitor wants them.

        Of those that are over, the last six and all others whose prices are still held.
        """
        visible = [sale for sale in self.sales.values() if sale.visible]

        def of(phase: Phase) -> list[SaleSnapshot]:
            return [sale for sale in visible if sale.phase(now) is phase and sale.deals_on_show]

        past = (sale for sale in visible if sale.phase(now) is Phase.OVER)
        by_close = attrgetter("ends_at")
        last = {sale.slug for sale in sorted(of(Phase.OVER), key=by_close)[-MOST_OVER:]}
        over = [sale for sale in past if sale.slug in last or now < sale.last_hold_ends_at]
        return SalesByPhase(
            live=sorted(of(Phase.LIVE), key=by_close),
            upcoming=sorted(of(Phase.UPCOMING), key=attrgetter("starts_at")),
            over=sorted(over, key=by_close, reverse=True),
        )

    def deal(self, sale: str, sku: str) -> DealSnapshot | None:
        """The deal of a sale (or ``list``) for a product, on show or not."""
        if sale == LIST:
            return self.list_deals.get(sku)
        on_show = self.sales.get(sale)
        return on_show.deals_by_sku.get(sku) if on_show else None

    def open_deals(self, sku: str, now: datetime) -> Iterator[DealSnapshot]:
        """Every deal for a product that is minted now, its list price included."""
        for sale in self.sales.values():
            deal = sale.deals_by_sku.get(sku)
            if deal is not None and not deal.withdrawn and sale.is_open(now):
                yield deal
        deal = self.list_deals.get(sku)
        if deal is not None and deal.product.sold_at_list_price:
            yield deal

    def best_deal(self, sku: str, now: datetime, *, prefer: str = "") -> DealSnapshot | None:
        """What a product costs now: its cheapest open deal of which something is left.

        :param prefer: the sale to stay in where prices are equal
        """
        deals = [deal for deal in self.open_deals(sku, now) if deal.left > 0]
        return min(deals, key=lambda deal: (deal.amount, deal.sale != prefer), default=None)
