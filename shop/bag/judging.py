"""What became of each line: judged anew every time the bag is shown, and renewed.

Nothing is trusted because it was once true. Rules of renewal:

* An offer that has run out is renewed by itself where the product can be had
  now for the same or less: in its own sale while that is open, or elsewhere.
* An offer that is good gives way to a cheaper one: a frozen price is a
  ceiling, never a floor.
* A dearer price is never taken by itself: the line stays, marked, and shows
  both, until the shopper says yes (``accept``) or removes it.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo

from django.db import Error as DatabaseError
from django.utils.timezone import get_default_timezone

from offers.anchors import Standing, honored_until, judge, renewed_id
from offers.verdicts import Verdict
from shop.bag.cookie import BagFull
from shop.bag.lines import Bag, Line
from shop.core import preview
from shop.core.money import format_money
from shop.core.shopper import Shopper
from shop.sales.minting import freeze, mint
from shop.sales.showcase import showcase
from shop.sales.snapshot import Deal, ProductOnShow, VariantOnShow
from shop.sales.snapshot_queries import Facts, OfferUse, OpenClaims, read_facts

logger = logging.getLogger(__name__)

#: What an order that nobody pays may keep a line from; it may be over by now.
HELD_BY_ORDERS = frozenset({Verdict.USED, Verdict.SOLD_OUT, Verdict.OVER_LIMIT})


@dataclass
class OrderDesk:
    """What the room that knows orders is asked before lines are refused for that."""

    #: What orders that are not paid have claimed of products, by their skus.
    open_claims: Callable[[Collection[str]], list[OpenClaims]] = lambda skus: []
    #: Settle those past their time that hold what lines want: whether any gave back.
    settle: "Callable[[Sequence[JudgedLine], datetime], bool]" = lambda lines, now: False


order_desk = OrderDesk()

#: For an offer of a deal that nobody knows: no anchor is its anchor.
_UNKNOWN = Standing(anchor=None)


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
    product: ProductOnShow | None
    deal: Deal | None = None
    honored_until: datetime | None = None
    use: OfferUse | None = None
    is_own_use: bool = False
    #: What the product costs now, if it can be had.
    current: Deal | None = None
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
    def units(self) -> list[tuple[VariantOnShow, int]]:
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
    def instead(self) -> Deal | None:
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


def judge_bag(bag: Bag, shopper: Shopper, now: datetime, *extra: Line) -> JudgedBag:
    """Judge every line by the rows, with one query, and renew what may be renewed.

    :param extra: lines that are not in the bag, to have the facts of too
    """
    lines = [*bag.lines, *extra]
    offers = [line.offer for line in lines if line.offer is not None]
    skus = {line.sku for line in lines}
    try:
        facts = read_facts(offers, skus=skus, shoppers=shopper.ids, now=now)
        # By another clock than theirs, orders are never due.
        is_preview = preview.is_on()
        if not is_preview and (wanting := _kept_by_orders(lines, facts, shopper, now)):
            claims = order_desk.open_claims({each.line.sku for each in wanting})
            is_due = any(each.lapses_at <= now for each in claims)
            if is_due and order_desk.settle(wanting, now):
                facts = read_facts(offers, skus=skus, shoppers=shopper.ids, now=now)
                claims = order_desk.open_claims({each.line.sku for each in wanting})
            facts = replace(facts, open_claims=claims)
    except DatabaseError:
        logger.exception("The bag is judged by the showcase: the database is away")
        facts = Facts(goods=showcase.goods(now), uses={}, units_taken={}, is_provisional=True)
    return judge_again(bag, facts, shopper, now)


def judge_again(bag: Bag, facts: Facts, shopper: Shopper, now: datetime) -> JudgedBag:
    """Judge every line by facts that were just read."""
    judged: list[JudgedLine] = []
    for line in bag.lines:
        outcome = judge_line(line, facts, shopper, now)
        renewed = None if facts.is_provisional else _renewed(outcome, bag, facts, shopper, now)
        if renewed is not None:
            try:
                bag.put(renewed.line, instead_of=line)
            except BagFull:
                renewed = None
        judged.append(renewed or outcome)
    totals: dict[str, int] = {}
    for each in judged:
        if each.is_honored and each.line.offer:
            currency = each.line.offer.currency
            totals[currency] = totals.get(currency, 0) + each.total
    return JudgedBag(lines=judged, facts=facts, now=now, totals=totals)


def judge_line(line: Line, facts: Facts, shopper: Shopper, now: datetime) -> JudgedLine:
    """The verdict on one line, with what its product costs now."""
    goods = facts.goods
    product = goods.products.get(line.sku)
    offer = line.offer
    current = goods.best_deal(line.sku, now, prefer=offer.sale if offer else "")
    if offer is None:
        return JudgedLine(
            line=line, verdict=line.defect or Verdict.FORGED, product=product, current=current
        )
    deal = goods.deal_of(offer)
    use = facts.uses.get(offer.id)
    standing, taken = _UNKNOWN, 0
    sale = goods.sales.get(offer.sale)
    if deal is not None:
        taken = facts.units_taken.get(deal.id, 0) if deal.id is not None else 0
        standing = deal.standing(
            line.quantities, used=use is not None, units_taken=taken, most=offer.max
        )
    verdict = judge(offer, now=now, shoppers=shopper.ids, standing=standing, quantity=line.quantity)
    return JudgedLine(
        line=line,
        verdict=verdict,
        product=product,
        deal=deal,
        honored_until=honored_until(offer, standing.extensions),
        use=use,
        is_own_use=use is not None and use.shopper in shopper.ids,
        current=current,
        zone=sale.zone if sale else get_default_timezone(),
        units_taken=taken,
        unpaid=_unpaid(line, product, deal, facts, now) if verdict is Verdict.SOLD_OUT else None,
    )


def accept(judged: JudgedLine, amount: int, shopper: Shopper, now: datetime) -> Line | None:
    """The line at what its product costs now, which the shopper has seen and agreed to.

    None where it costs more than that by now, or cannot be had at all.
    """
    current = judged.current
    if current is None or current.amount > amount:
        return None
    return _at(judged.line, current, shopper, now)


def combine(twin: JudgedLine | None, line: Line) -> Line:
    """A line together with the one of the same deal that the bag has.

    Units add up, and the cheaper offer is kept; at the same price the one that
    is held longer. Of an offer that is used up, the units are bought already.
    """
    if twin is None or twin.verdict is Verdict.USED:
        return line
    quantities = dict(twin.line.quantities)
    for sku, units in line.quantities.items():
        quantities[sku] = quantities.get(sku, 0) + units
    kept = line
    if twin.is_honored and twin.line.offer and line.offer:
        kept = min(twin.line, line, key=_cheaper_then_longer)
    return replace(kept, quantities=quantities)


def _cheaper_then_longer(line: Line) -> tuple[int, int]:
    assert line.offer is not None
    return line.offer.amount, -line.offer.expires_at


def with_only_variant(line: Line, product: ProductOnShow | None) -> Line:
    """The line, for the one variant there is where nobody has to choose."""
    if product is None or product.has_choice:
        return line
    return Line(line.message, {product.variants[0].sku: line.quantity})


def _kept_by_orders(
    lines: Sequence[Line], facts: Facts, shopper: Shopper, now: datetime
) -> list[JudgedLine]:
    """The lines that are refused for what orders hold, which may be over by now."""
    products = facts.goods.products
    chosen = (with_only_variant(line, products.get(line.sku)) for line in lines)
    judged = (judge_line(line, facts, shopper, now) for line in chosen)
    return [each for each in judged if each.verdict in HELD_BY_ORDERS]


def _unpaid(
    line: Line, product: ProductOnShow | None, deal: Deal | None, facts: Facts, now: datetime
) -> Unpaid | None:
    """What is claimed, not paid, and just what the line lacks: stock, allocation or both."""
    if facts.open_claims is None or product is None or deal is None:
        return None
    wanted = ((product.variant(sku), units) for sku, units in line.quantities.items())
    scarce = {variant.id for variant, units in wanted if variant and variant.left < units}
    is_allotted = deal.allocation_left is not None and deal.allocation_left < line.quantity
    own = {variant.id for variant in product.variants}
    claims = [
        each
        for each in facts.open_claims
        if each.variant in (scarce or own) and (not is_allotted or each.deal == deal.id)
    ]
    instants = (each.next_free_at for each in claims if each.next_free_at is not None)
    return Unpaid(
        sum(each.units for each in claims), min((at for at in instants if at > now), default=None)
    )


def _renewed(
    judged: JudgedLine, bag: Bag, facts: Facts, shopper: Shopper, now: datetime
) -> JudgedLine | None:
    offer, current = judged.line.offer, judged.current
    if offer is None or current is None or current.product.currency != offer.currency:
        return None
    twin = bag.line_of((current.sale, current.product.sku))
    if twin is not None and twin is not judged.line:
        return None
    ran_out = judged.verdict is Verdict.EXPIRED and current.amount <= offer.amount
    is_cheaper = judged.is_honored and current.amount < offer.amount
    if not (ran_out or is_cheaper):
        return None
    renewed = judge_line(_at(judged.line, current, shopper, now), facts, shopper, now)
    if is_cheaper and not renewed.is_honored:
        return None
    return replace(renewed, renewed_from=offer.amount)


def _at(line: Line, deal: Deal, shopper: Shopper, now: datetime) -> Line:
    offer_id = renewed_id(line.id, deal.amount)
    offer = mint(deal, shopper=shopper.id, now=now, offer_id=offer_id)
    return Line(freeze(offer), line.quantities)
