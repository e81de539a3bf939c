"""Judged lines and bags, and what a page says about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from django.utils.timezone import get_default_timezone

from offers.verdicts import Verdict
from shop.bag.lines import Line
from shop.core.money import format_money
from shop.orders.offer_facts import Facts, OfferUse
from shop.sales.snapshot import DealSnapshot, ProductSnapshot, VariantSnapshot


@dataclass(frozen=True, slots=True)
class Unpaid:
    """Units that a line wants, and that others have claimed and not paid.

    ``next_free_at`` is when the first of them comes free unless it is paid by
    then; None where that is past, or for a bank to say.
    """

    units: int
    next_free_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class JudgedLine:
    """A line, the verdict on it, and what a page needs to say about it."""

    line: Line
    verdict: Verdict
    product: ProductSnapshot | None
    deal: DealSnapshot | None = None
    honored_until: datetime | None = None
    use: OfferUse | None = None
    is_own_use: bool = False
    #: What the product costs now, if it can be had.
    current: DealSnapshot | None = None
    #: What the line cost before it was renewed just now, in minor units.
    renewed_from: int | None = None
    #: The zone in which its instants are told: its sale's, or the shop's own.
    zone: tzinfo = field(default_factory=get_default_timezone)
    #: Units of its deal that the shopper has in orders already.
    units_taken: int = 0
    #: Where it is sold out: what may still come free, if that was looked up.
    unpaid: Unpaid | None = None

    @property
    def is_honored(self) -> bool:
        """Whether checkout would take it as it is."""
        return self.verdict is Verdict.HONORED

    @property
    def units(self) -> list[tuple[VariantSnapshot, int]]:
        """The variants wanted, with how many of each."""
        if self.product is None:
            return []
        pairs = ((self.product.variant(sku), n) for sku, n in self.line.quantities.items())
        return [(variant, n) for variant, n in pairs if variant is not None]

    @property
    def total(self) -> int:
        """What the line costs, in minor units; nothing where its offer cannot be read."""
        return self.line.offer.amount * self.line.quantity if self.line.offer else 0

    @property
    def amount_text(self) -> str:
        """The unit price, as people read it."""
        offer = self.line.offer
        return format_money(offer.amount, offer.currency) if offer else ""

    @property
    def total_text(self) -> str:
        """The line's total, as people read it."""
        return format_money(self.total, self.line.offer.currency) if self.line.offer else ""

    @property
    def most_available(self) -> int:
        """Units that are left of what is wanted: none, or fewer than that."""
        stock = sum(variant.left for variant, _ in self.units)
        return min(self.deal.left, stock) if self.deal else 0

    @property
    def look_again_at(self) -> datetime | None:
        """When the first of that comes free: the whole minute after it, as people read a clock."""
        free_at = self.unpaid.next_free_at if self.unpaid else None
        if free_at is None or self.honored_until is None:
            return free_at
        minute = free_at.replace(second=0, microsecond=0)
        after = minute if minute == free_at else minute + timedelta(minutes=1)
        return after if after < self.honored_until else free_at

    @property
    def is_worth_waiting(self) -> bool:
        """Whether something it wants may come free while its price is held."""
        if self.unpaid is None or not self.unpaid.units or self.honored_until is None:
            return False
        next_free_at = self.unpaid.next_free_at
        return next_free_at is None or next_free_at < self.honored_until

    @property
    def is_cheaper(self) -> bool:
        """Whether it was renewed because its product has become cheaper."""
        offer, before = self.line.offer, self.renewed_from
        return before is not None and offer is not None and offer.amount < before

    @property
    def renewed_from_text(self) -> str:
        """The unit price before it was renewed, as people read it."""
        offer, before = self.line.offer, self.renewed_from
        return format_money(before, offer.currency) if before and offer else ""

    @property
    def instead(self) -> DealSnapshot | None:
        """What a yes of the shopper would take: what it costs now, unless just that is refused."""
        offer, current = self.line.offer, self.current
        if self.verdict is Verdict.USED or current is None:
            return None
        if self.verdict in {Verdict.OVER_LIMIT, Verdict.SOLD_OUT} and offer is not None:
            return None if current.sale == offer.sale else current
        return current


@dataclass(frozen=True, kw_only=True)
class JudgedBag:
    """All lines judged at one instant, by one reading of the rows."""

    lines: Sequence[JudgedLine]
    facts: Facts
    now: datetime
    totals: Mapping[str, int] = field(default_factory=dict)

    @property
    def honored(self) -> list[JudgedLine]:
        """The lines that can be bought."""
        return [line for line in self.lines if line.is_honored]

    @property
    def refused(self) -> list[JudgedLine]:
        """The lines that cannot be bought as they are."""
        return [line for line in self.lines if not line.is_honored]

    @property
    def currency(self) -> str | None:
        """The currency of what can be bought; None for nothing, or for more than one."""
        return next(iter(self.totals)) if len(self.totals) == 1 else None

    @property
    def total_texts(self) -> list[str]:
        """What the honored lines cost, a sum for each currency."""
        return [format_money(amount, currency) for currency, amount in self.totals.items()]

    @property
    def can_check_out(self) -> bool:
        """Whether all of it can be ordered now."""
        return bool(self.lines) and not self.refused and self.currency is not None

    @property
    def held_until(self) -> datetime | None:
        """The first instant at which a held price runs out."""
        return min(
            (each.honored_until for each in self.honored if each.honored_until), default=None
        )

    @property
    def next_to_run_out(self) -> JudgedLine | None:
        """The line whose price is held the shortest."""
        held = [each for each in self.honored if each.honored_until == self.held_until]
        return held[0] if held else None

    def line(self, line_id: str) -> JudgedLine | None:
        """The judged line that a form names."""
        return next((each for each in self.lines if each.line.id == line_id), None)
