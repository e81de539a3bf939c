"""The verdict on one line of the bag."""

from datetime import datetime

from django.utils.timezone import get_default_timezone

from offers.anchors import OfferState, honored_until, judge
from offers.verdicts import Verdict
from shop.bag.judged import JudgedLine, Unpaid
from shop.bag.lines import Line
from shop.core.shopper import Shopper
from shop.orders.offer_facts import Facts
from shop.sales.snapshot import DealSnapshot, ProductSnapshot

#: For an offer of a deal that nobody knows: no anchor is its anchor.
_UNKNOWN = OfferState(anchor=None)


def judge_line(line: Line, facts: Facts, shopper: Shopper, now: datetime) -> JudgedLine:
    """The verdict on one line, with what its product costs now."""
    snapshot = facts.snapshot
    product = snapshot.products.get(line.sku)
    offer = line.offer
    current = snapshot.best_deal(line.sku, now, prefer=offer.sale if offer else "")
    if offer is None:
        return JudgedLine(
            line=line, verdict=line.defect or Verdict.FORGED, product=product, current=current
        )
    deal = snapshot.deal(offer.sale, offer.sku)
    use = facts.uses.get(offer.id)
    state, taken = _UNKNOWN, 0
    sale = snapshot.sales.get(offer.sale)
    if deal is not None:
        taken = facts.units_taken.get(deal.id, 0) if deal.id is not None else 0
        state = deal.offer_state(
            line.quantities, used=use is not None, units_taken=taken, most=offer.max
        )
    verdict = judge(offer, now=now, shoppers=shopper.ids, state=state, quantity=line.quantity)
    return JudgedLine(
        line=line,
        verdict=verdict,
        product=product,
        deal=deal,
        honored_until=honored_until(offer, state.extensions),
        use=use,
        is_own_use=use is not None and use.shopper in shopper.ids,
        current=current,
        zone=sale.zone if sale else get_default_timezone(),
        units_taken=taken,
        unpaid=_unpaid(line, product, deal, facts, now) if verdict is Verdict.SOLD_OUT else None,
    )


def with_only_variant(line: Line, product: ProductSnapshot | None) -> Line:
    """The line, for the one variant there is where nobody has to choose."""
    if product is None or product.has_choice:
        return line
    return Line(line.message, {product.variants[0].sku: line.quantity})


def _unpaid(
    line: Line,
    product: ProductSnapshot | None,
    deal: DealSnapshot | None,
    facts: Facts,
    now: datetime,
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
