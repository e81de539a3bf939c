"""What a shopper does to the bag: add, change a quantity, agree to a price, remove.

Each function changes the bag it is given, or leaves it as it was and says what
stood in the way.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from offers.verdicts import Verdict
from shop.bag import renewal
from shop.bag.cookie import BagFull
from shop.bag.judged import JudgedBag, JudgedLine
from shop.bag.judging import judge_again, judge_bag
from shop.bag.line_judging import judge_line, with_only_variant
from shop.bag.lines import Bag, Line
from shop.core.shopper import Shopper


class Obstacle(StrEnum):
    """What can stand in the way besides a verdict on the offer."""

    BAD_QUANTITY = "bad_quantity"
    NO_VARIANT = "no_variant"
    BAG_FULL = "bag_full"
    NO_SUCH_LINE = "no_such_line"
    PRICE_CHANGED = "price_changed"


@dataclass(frozen=True, kw_only=True)
class BagChange:
    """What came of it: ``obstacle`` is None where it was done.

    ``judged`` is the bag as it is now, ``subject`` the line it was about.
    """

    judged: JudgedBag
    subject: JudgedLine | None = None
    obstacle: Obstacle | Verdict | None = None

    @property
    def is_done(self) -> bool:
        """Whether the bag was changed as asked."""
        return self.obstacle is None

    @property
    def is_kept(self) -> bool:
        """Whether the bag holds what it was about all the same, as it was before."""
        offer = self.subject.line.offer if self.subject else None
        held = (each.line.offer for each in self.judged.lines)
        return any(each and offer and each.deal == offer.deal for each in held)


def add(
    bag: Bag, message: str, *, variant: str, quantity: int, shopper: Shopper, now: datetime
) -> BagChange:
    """Add units at an offered price, if the offer is honored for all of them."""
    line = Line(message, {variant: quantity})
    judged_bag = judge_bag(bag, shopper, now, line)
    product = judged_bag.facts.snapshot.products.get(line.sku)
    line = with_only_variant(line, product)
    if product is not None and product.has_choice and product.variant(variant) is None:
        subject = judge_line(line, judged_bag.facts, shopper, now)
        return BagChange(judged=judged_bag, subject=subject, obstacle=Obstacle.NO_VARIANT)
    existing = bag.line_of(line.offer.deal) if line.offer else None
    return _merge(bag, line, existing, judged_bag, shopper)


def set_quantity(
    bag: Bag, line_id: str, *, variant: str, quantity: int, shopper: Shopper, now: datetime
) -> BagChange:
    """Set the number of units of a line; 0 removes them."""
    judged_bag = judge_bag(bag, shopper, now)
    line = bag.line(line_id)
    if line is None:
        return BagChange(judged=judged_bag, obstacle=Obstacle.NO_SUCH_LINE)
    variant = variant or next(iter(line.quantities))
    changed = line.with_quantity(variant, quantity)
    if changed is None:
        return remove(bag, line_id, variant="", shopper=shopper, now=now)
    subject = judge_line(changed, judged_bag.facts, shopper, now)
    if not subject.is_honored and quantity > line.quantities.get(variant, 0):
        return BagChange(judged=judged_bag, subject=subject, obstacle=subject.verdict)
    return _replace(bag, subject, line, judged_bag, shopper)


def remove(bag: Bag, line_id: str, *, variant: str, shopper: Shopper, now: datetime) -> BagChange:
    """Take a line out, or one variant of it. One that is gone already is gone."""
    line = bag.line(line_id)
    if line is not None:
        rest = line.with_quantity(variant, 0) if variant else None
        if rest is None:
            bag.remove(line)
        else:
            bag.put(rest, instead_of=line)
    return BagChange(judged=judge_bag(bag, shopper, now))


def accept_amount(
    bag: Bag, line_id: str, *, amount: int, shopper: Shopper, now: datetime
) -> BagChange:
    """Keep a line at what its product costs now, if that is no more than the shopper saw."""
    judged_bag = judge_bag(bag, shopper, now)
    subject = judged_bag.line(line_id)
    if subject is None:
        return BagChange(judged=judged_bag, obstacle=Obstacle.NO_SUCH_LINE)
    line = renewal.accept(subject, amount, shopper, now)
    if line is None or line.offer is None:
        return BagChange(judged=judged_bag, subject=subject, obstacle=Obstacle.PRICE_CHANGED)
    existing = bag.line_of(line.offer.deal)
    if existing is None or existing is subject.line:
        kept = judge_line(line, judged_bag.facts, shopper, now)
        return _replace(bag, kept, subject.line, judged_bag, shopper)
    change = _merge(bag, line, existing, judged_bag, shopper)
    if not change.is_done:
        return change
    return remove(bag, subject.line.id, variant="", shopper=shopper, now=now)


def _merge(
    bag: Bag, line: Line, existing: Line | None, judged_bag: JudgedBag, shopper: Shopper
) -> BagChange:
    facts, now = judged_bag.facts, judged_bag.now
    judged_existing = judge_line(existing, facts, shopper, now) if existing else None
    subject = judge_line(renewal.merge(judged_existing, line), facts, shopper, now)
    if not subject.is_honored:
        return BagChange(judged=judged_bag, subject=subject, obstacle=subject.verdict)
    return _replace(bag, subject, existing, judged_bag, shopper)


def _replace(
    bag: Bag, subject: JudgedLine, instead_of: Line | None, judged_bag: JudgedBag, shopper: Shopper
) -> BagChange:
    try:
        bag.put(subject.line, instead_of=instead_of)
    except BagFull:
        return BagChange(judged=judged_bag, subject=subject, obstacle=Obstacle.BAG_FULL)
    after = judge_again(bag, judged_bag.facts, shopper, judged_bag.now)
    return BagChange(judged=after, subject=subject)
