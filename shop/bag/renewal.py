"""Renewing and merging offers.

* An expired offer is renewed where the product can be had now for the same
  amount or less: in its own sale while that is open, or elsewhere.
* A good offer is replaced by a cheaper one: a frozen price is a ceiling,
  never a floor.
* A higher amount is never taken without the shopper: the line stays, refused,
  and shows both until the shopper accepts or removes it.
"""

from collections import Counter
from dataclasses import replace

from offers.anchors import renewed_id
from offers.verdicts import Verdict
from shop.bag.line_judging import JudgedLine, judge_line
from shop.bag.lines import Bag, Line
from shop.orders.offer_facts import Facts
from shop.sales.minting import freeze
from shop.sales.snapshot import DealSnapshot


def renewed(judged: JudgedLine, bag: Bag, facts: Facts) -> JudgedLine | None:
    """The line with a fresh offer of what its product costs now.

    None where it stays as it is: its offer is good and not dearer, the new one
    would be dearer or refused, or another line of the bag holds that deal.
    """
    offer, current = judged.line.offer, judged.current
    if offer is None or current is None or current.product.currency != offer.currency:
        return None
    ran_out = judged.verdict is Verdict.EXPIRED and current.amount <= offer.amount
    is_cheaper = judged.is_honored and current.amount < offer.amount
    if not (ran_out or is_cheaper):
        return None
    if bag.line_of(current.sale, current.product.sku) not in (None, judged.line):
        return None
    outcome = judge_line(with_offer_of(current, judged.line, facts), facts)
    if is_cheaper and not outcome.is_honored:
        return None
    return replace(outcome, renewed_from=judged.line)


def with_offer_of(deal: DealSnapshot, line: Line, facts: Facts) -> Line:
    """The line with a fresh offer of a deal; the same offer id each time at the same amount."""
    offer_id = renewed_id(line.id, deal.amount)
    message = freeze(deal, shopper=facts.shopper.id, now=facts.now, offer_id=offer_id)
    return Line(message, line.quantities)


def merge(existing: JudgedLine | None, line: Line) -> Line:
    """A line for the units of both: the new line, and the bag's own of the same deal.

    It has the cheaper offer, at the same amount the one held longer. Where the
    existing offer is used, its units are bought already and not added.
    """
    if existing is None or existing.verdict is Verdict.USED:
        return line
    quantities = Counter(existing.line.quantities) + Counter(line.quantities)
    kept = min(existing.line, line, key=_amount_and_hold) if existing.is_honored else line
    return replace(kept, quantities=dict(quantities))


def _amount_and_hold(line: Line) -> tuple[int, int]:
    assert line.offer is not None
    return line.offer.amount, -line.offer.expires_at
