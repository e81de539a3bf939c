"""Renewing, accepting and combining offers.

* An offer that has run out is renewed by itself where the product can be had
  now for the same or less: in its own sale while that is open, or elsewhere.
* An offer that is good gives way to a cheaper one: a frozen price is a
  ceiling, never a floor.
* A dearer price is never taken by itself: the line stays, marked, and shows
  both, until the shopper says yes (``accept``) or removes it.
"""

from dataclasses import replace
from datetime import datetime

from offers.anchors import renewed_id
from offers.verdicts import Verdict
from shop.bag.judged import JudgedLine
from shop.bag.line_judging import judge_line
from shop.bag.lines import Bag, Line
from shop.core.shopper import Shopper
from shop.orders.offer_facts import Facts
from shop.sales.minting import freeze, mint
from shop.sales.snapshot import DealSnapshot


def accept(judged: JudgedLine, amount: int, shopper: Shopper, now: datetime) -> Line | None:
    """The line at what its product costs now, which the shopper has seen and agreed to.

    None where it costs more than that by now, or cannot be had at all.
    """
    current = judged.current
    if current is None or current.amount > amount:
        return None
    return _at(judged.line, current, shopper, now)


def merge(existing: JudgedLine | None, line: Line) -> Line:
    """A line merged with the one that the bag has of the same deal.

    Units add up, and the cheaper offer is kept; at the same price the one that
    is held longer. Of an offer that is used up, the units are bought already.
    """
    if existing is None or existing.verdict is Verdict.USED:
        return line
    quantities = dict(existing.line.quantities)
    for sku, units in line.quantities.items():
        quantities[sku] = quantities.get(sku, 0) + units
    kept = line
    if existing.is_honored and existing.line.offer and line.offer:
        kept = min(existing.line, line, key=_cheaper_then_longer)
    return replace(kept, quantities=quantities)


def _cheaper_then_longer(line: Line) -> tuple[int, int]:
    assert line.offer is not None
    return line.offer.amount, -line.offer.expires_at


def renewed(
    judged: JudgedLine, bag: Bag, facts: Facts, shopper: Shopper, now: datetime
) -> JudgedLine | None:
    """The line at what its product costs now, where that costs the shopper no more; else None."""
    offer, current = judged.line.offer, judged.current
    if offer is None or current is None or current.product.currency != offer.currency:
        return None
    existing = bag.line_of((current.sale, current.product.sku))
    if existing is not None and existing is not judged.line:
        return None
    ran_out = judged.verdict is Verdict.EXPIRED and current.amount <= offer.amount
    is_cheaper = judged.is_honored and current.amount < offer.amount
    if not (ran_out or is_cheaper):
        return None
    outcome = judge_line(_at(judged.line, current, shopper, now), facts, shopper, now)
    if is_cheaper and not outcome.is_honored:
        return None
    return replace(outcome, renewed_from=offer.amount)


def _at(line: Line, deal: DealSnapshot, shopper: Shopper, now: datetime) -> Line:
    offer_id = renewed_id(line.id, deal.amount)
    offer = mint(deal, shopper=shopper.id, now=now, offer_id=offer_id)
    return Line(freeze(offer), line.quantities)
