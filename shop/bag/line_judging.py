"""The verdict on one line of the bag, and what a page says about it."""

from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo

from django.utils.timezone import get_default_timezone

from offers.anchors import OfferState, honored_until, judge
from offers.verdicts import Verdict
from shop.bag.lines import Line
from shop.core.wall_time import next_minute
from shop.orders.offer_facts import Facts, OfferUse
from shop.sales.product_snapshot import ProductSnapshot, VariantSnapshot
from shop.sales.snapshot import DealSnapshot

#: For an offer of an unknown deal: no anchor matches.
_UNKNOWN = OfferState(anchor=None)


@dataclass(frozen=True, slots=True)
class Unpaid:
    """Units that a line wants, and that others have claimed and not paid.

    ``next_free_at``: when the first of them return to stock unless they are
    paid; None where that is past, or banks work on all of them.
    """

    units: int
    next_free_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class JudgedLine:
    """A line, the verdict on it, and what a page needs to say about it."""

    line: Line
    verdict: Verdict
    product: ProductSnapshot | None
    #: What the product costs now; None where it cannot be had.
    current: DealSnapshot | None
    deal: DealSnapshot | None = None
    honored_until: datetime | None = None
    #: The same without what is kept longer for this shopper.
    hold_end: datetime | None = None
    #: The use of its offer in an order of this shopper.
    own_use: OfferUse | None = None
    #: The line in whose place it was renewed just now.
    renewed_from: Line | None = None
    #: The zone of its instants: its sale's, or the shop's own.
    zone: tzinfo = field(default_factory=get_default_timezone)
    #: Units of its deal that the shopper has in orders already.
    units_taken: int = 0
    #: Where it is sold out, and open claims were looked up.
    unpaid: Unpaid | None = None

    @property
    def is_honored(self) -> bool:
        """Whether checkout takes it as it is."""
        return self.verdict is Verdict.HONORED

    @property
    def is_waiting(self) -> bool:
        """Whether its price is kept, and cannot be paid before a restored shop was checked."""
        return self.is_honored and self.deal is not None and self.deal.is_undecided

    @property
    def is_kept(self) -> bool:
        """Whether it is past its hold, and kept for this shopper who was told to come back."""
        return self.honored_until != self.hold_end

    @property
    def recall_reason(self) -> str:
        """Why the shop has taken its price back, as the merchant put it."""
        offer, deal = self.line.offer, self.deal
        return deal.recall_reason(offer) if offer is not None and deal is not None else ""

    @property
    def units(self) -> list[tuple[VariantSnapshot, int]]:
        """The wanted variants that the product has, with the units of each."""
        if self.product is None:
            return []
        pairs = ((self.product.variant(sku), n) for sku, n in self.line.quantities.items())
        return [(variant, n) for variant, n in pairs if variant is not None]

    @property
    def most_available(self) -> int:
        """Units left of the wanted ones: none, or fewer than wanted."""
        stock = sum(variant.left for variant, _ in self.units)
        return min(self.deal.left, stock) if self.deal else 0

    @property
    def look_again_at(self) -> datetime | None:
        """When unpaid units come free, rounded up to the minute while its price is held."""
        free_at = self.unpaid.next_free_at if self.unpaid else None
        if free_at is None or self.honored_until is None:
            return free_at
        after = next_minute(free_at)
        return after if after < self.honored_until else free_at

    @property
    def is_worth_waiting(self) -> bool:
        """Whether unpaid units may come free while its price is held."""
        if self.unpaid is None or not self.unpaid.units or self.honored_until is None:
            return False
        next_free_at = self.unpaid.next_free_at
        return next_free_at is None or next_free_at < self.honored_until

    @property
    def is_cheaper(self) -> bool:
        """Whether it was renewed because its product has become cheaper."""
        return self.renewed_from is not None and self.line.amount < self.renewed_from.amount

    @property
    def instead(self) -> DealSnapshot | None:
        """The deal that the shopper can accept instead; None where just that is refused."""
        offer, current = self.line.offer, self.current
        if self.verdict is Verdict.USED or current is None:
            return None
        if self.verdict in {Verdict.OVER_LIMIT, Verdict.SOLD_OUT} and offer is not None:
            return None if current.sale == offer.sale else current
        return current


def judge_line(line: Line, facts: Facts) -> JudgedLine:
    """The verdict on one line, with what its product costs now."""
    offer, snapshot, shoppers = line.offer, facts.snapshot, facts.shopper.ids
    product = snapshot.products.get(line.sku)
    current = snapshot.best_deal(line.sku, facts.now, prefer=offer.sale if offer else "")
    if offer is None:
        return JudgedLine(line=line, verdict=line.defect, product=product, current=current)
    deal, sale = snapshot.deal(*offer.deal), snapshot.sales.get(offer.sale)
    use = facts.uses.get(offer.id)
    state, taken = _UNKNOWN, 0
    if deal is not None:
        taken = facts.units_taken.get(deal.id, 0) if deal.id is not None else 0
        state = deal.offer_state(
            line.quantities, used=use is not None, units_taken=taken, most=offer.max
        )
        if facts.record is not None:
            state = replace(state, bounds=facts.record.bounds(offer, deal))
    hold_end = honored_until(offer, state.extensions)
    state = replace(state, extensions=[*state.extensions, *facts.kept.extensions(offer, hold_end)])
    judged = JudgedLine(
        line=line,
        verdict=judge(offer, now=facts.now, shoppers=shoppers, state=state, quantity=line.quantity),
        product=product,
        current=current,
        deal=deal,
        honored_until=honored_until(offer, state.extensions),
        hold_end=hold_end,
        own_use=use if use and use.shopper in shoppers else None,
        zone=sale.zone if sale else get_default_timezone(),
        units_taken=taken,
    )
    is_sold_out = judged.verdict is Verdict.SOLD_OUT
    return replace(judged, unpaid=_unpaid(judged, facts)) if is_sold_out else judged


def with_only_variant(line: Line, product: ProductSnapshot | None) -> Line:
    """The line for the product's only variant, where it has no choice of variants."""
    if product is None or product.has_choice:
        return line
    only = {product.variants[0].sku: line.quantity}
    return line if line.quantities == only else replace(line, quantities=only)


def _unpaid(judged: JudgedLine, facts: Facts) -> Unpaid | None:
    """Open claims on what the line lacks: stock, allocation or both."""
    product, deal = judged.product, judged.deal
    if facts.open_claims is None or product is None or deal is None:
        return None
    scarce = {variant.id for variant, units in judged.units if variant.left < units}
    left = deal.allocation_left
    is_allotted = left is not None and left < judged.line.quantity
    own = {variant.id for variant in product.variants}
    claims = [
        each
        for each in facts.open_claims
        if each.variant in (scarce or own) and (not is_allotted or each.deal == deal.id)
    ]
    instants = (each.next_free_at for each in claims if each.next_free_at is not None)
    next_free_at = min((at for at in instants if at > facts.now), default=None)
    return Unpaid(sum(each.units for each in claims), next_free_at)
