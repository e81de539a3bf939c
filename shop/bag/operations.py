"""What a shopper does to the bag: add, change a quantity, accept an amount, remove.

Each function changes the bag it is given, or leaves it as it was and returns
the obstacle.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from offers.verdicts import Verdict
from shop.bag import renewal
from shop.bag.cookie import BagFull
from shop.bag.judging import JudgedBag, judge_again, judge_bag
from shop.bag.line_judging import JudgedLine, judge_line, with_only_variant
from shop.bag.lines import Bag, Line
from shop.core.shopper import Shopper


class Obstacle(StrEnum):
    """What can stand in the way besides a verdict on the offer."""

    BAD_QUANTITY = "bad_quantity"
    NO_VARIANT = "no_variant"
    BAG_FULL = "bag_full"
    NO_SUCH_LINE = "no_such_line"
    PRICE_CHANGED = "price_changed"


@dataclass(frozen=True)
class BagChange:
    """The bag after a change, the line it was about, and the obstacle; None where it was done."""

    judged: JudgedBag
    judged_line: JudgedLine | None = None
    obstacle: Obstacle | Verdict | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the bag still holds an offer of the refused line's deal."""
        offer = self.judged_line.line.offer if self.judged_line else None
        held = (each.line.offer for each in self.judged.lines)
        return any(each and offer and each.deal == offer.deal for each in held)


def add(
    bag: Bag, message: str, *, variant: str, quantity: int, shopper: Shopper, now: datetime
) -> BagChange:
    """Add units at an offered price, if the offer is honored for all of them."""
    line = Line(message, {variant: quantity})
    judged = judge_bag(bag, shopper, now, line)
    product = judged.facts.snapshot.products.get(line.sku)
    if product is not None and product.has_choice and product.variant(variant) is None:
        return BagChange(judged, judge_line(line, judged.facts), Obstacle.NO_VARIANT)
    return _merge(bag, with_only_variant(line, product), judged)


def set_quantity(
    bag: Bag, line_id: str, *, variant: str, quantity: int, shopper: Shopper, now: datetime
) -> BagChange:
    """Set the units of a variant in a line; 0 removes them.

    Fewer units than before are accepted even where they are still too many.
    """
    judged = judge_bag(bag, shopper, now)
    found = judged.line(line_id)
    if found is None:
        return BagChange(judged, obstacle=Obstacle.NO_SUCH_LINE)
    line = found.line
    variant = variant or next(iter(line.quantities))
    changed = line.with_quantity(variant, quantity)
    if changed is None:
        return remove(bag, line.id, variant="", shopper=shopper, now=now)
    judged_line = judge_line(changed, judged.facts)
    if not judged_line.is_honored and quantity > line.quantities.get(variant, 0):
        return BagChange(judged, judged_line, judged_line.verdict)
    return _put(bag, judged_line, line, judged)


def accept_amount(
    bag: Bag, line_id: str, *, amount: int, shopper: Shopper, now: datetime
) -> BagChange:
    """Keep a line at what its product costs now, if that is no more than the shopper saw."""
    judged = judge_bag(bag, shopper, now)
    judged_line = judged.line(line_id)
    if judged_line is None:
        return BagChange(judged, obstacle=Obstacle.NO_SUCH_LINE)
    current = judged_line.current
    if current is None or current.amount > amount:
        return BagChange(judged, judged_line, Obstacle.PRICE_CHANGED)
    line = renewal.with_offer_of(current, judged_line.line, judged.facts)
    if bag.line_of(current.sale, current.product.sku) in (None, judged_line.line):
        return _put(bag, judge_line(line, judged.facts), judged_line.line, judged)
    change = _merge(bag, line, judged)
    if change.obstacle is not None:
        return change
    return remove(bag, judged_line.line.id, variant="", shopper=shopper, now=now)


def remove(bag: Bag, line_id: str, *, variant: str, shopper: Shopper, now: datetime) -> BagChange:
    """Remove a line, or one variant of it; done as well where the bag has no such line."""
    line = bag.line(line_id)
    rest = line.with_quantity(variant, 0) if line and variant else None
    if line and rest:
        # As in ``Bag.save``: what another program packed stays as it is.
        with suppress(BagFull):
            bag.put(rest, instead_of=line)
    elif line:
        bag.remove(line)
    return BagChange(judge_bag(bag, shopper, now))


def _merge(bag: Bag, line: Line, judged: JudgedBag) -> BagChange:
    """Put a line into the bag, merged with the line that holds the same deal."""
    existing = bag.line_of(*line.offer.deal) if line.offer else None
    judged_existing = judge_line(existing, judged.facts) if existing else None
    judged_line = judge_line(renewal.merge(judged_existing, line), judged.facts)
    if not judged_line.is_honored:
        return BagChange(judged, judged_line, judged_line.verdict)
    return _put(bag, judged_line, existing, judged)


def _put(
    bag: Bag, judged_line: JudgedLine, instead_of: Line | None, judged: JudgedBag
) -> BagChange:
    try:
        bag.put(judged_line.line, instead_of=instead_of)
    except BagFull:
        return BagChange(judged, judged_line, Obstacle.BAG_FULL)
    changed = judge_again(bag, judged.facts, [*judged.lines, judged_line])
    # It may have become cheaper: the bag holds the new price by now.
    return BagChange(changed, changed.line(judged_line.line.id) or judged_line)
