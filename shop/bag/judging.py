"""The whole bag, judged anew each time it is shown: no verdict is kept from before."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial

from django.db import Error as DatabaseError

from offers.verdicts import Verdict
from shop.bag.cookie import BagFull
from shop.bag.line_judging import JudgedLine, judge_line, with_only_variant
from shop.bag.lines import Bag, Line, total_text, totals
from shop.bag.renewal import renewed
from shop.core import preview
from shop.core.outages import is_outage
from shop.core.shopper import Shopper
from shop.orders.offer_facts import Facts, open_claims, read_facts
from shop.payments.settlement import settle_blocking_orders
from shop.sales.outage_watch import shop_outages
from shop.sales.showcase import ShowcaseUnavailable, showcase

logger = logging.getLogger(__name__)

#: Verdicts that an unpaid order may cause, and its expiry end.
_HELD_BY_ORDERS = frozenset({Verdict.USED, Verdict.SOLD_OUT, Verdict.OVER_LIMIT})


@dataclass(frozen=True)
class JudgedBag:
    """All lines, judged by the same facts."""

    lines: Sequence[JudgedLine]
    facts: Facts

    @cached_property
    def honored(self) -> list[JudgedLine]:
        """The lines that can be bought."""
        return [each for each in self.lines if each.is_honored]

    @cached_property
    def refused(self) -> list[JudgedLine]:
        """The lines that cannot be bought as they are."""
        return [each for each in self.lines if not each.is_honored]

    @cached_property
    def waiting(self) -> list[JudgedLine]:
        """The honored lines that cannot be bought before the restored shop has been checked."""
        return [each for each in self.lines if each.is_waiting]

    @cached_property
    def totals(self) -> dict[str, int]:
        """The sums of the honored lines by currency, in minor units."""
        return totals(each.line for each in self.honored)

    @property
    def total_text(self) -> str:
        """The same, as people read them."""
        return total_text(each.line for each in self.honored)

    @property
    def currency(self) -> str | None:
        """The currency of what can be bought; None for nothing, or for more than one."""
        return next(iter(self.totals)) if len(self.totals) == 1 else None

    @property
    def can_check_out(self) -> bool:
        """Whether all of it can be ordered now."""
        return not self.refused and not self.waiting and self.currency is not None

    @cached_property
    def next_to_run_out(self) -> JudgedLine | None:
        """The honored line whose price is held the shortest."""
        held = ((each.honored_until, each) for each in self.honored if each.honored_until)
        return min(held, key=lambda pair: pair[0], default=(None, None))[1]

    def line(self, line_id: str) -> JudgedLine | None:
        """The judged line that a form names; the page may be older than the line's renewal."""
        for each in self.lines:
            if line_id == each.line.id or (each.renewed_from and line_id == each.renewed_from.id):
                return each
        return None


def judge_bag(bag: Bag, shopper: Shopper, now: datetime, *extra: Line) -> JudgedBag:
    """Judge every line by the rows, with one query, and renew what may be renewed.

    While the database is away, the showcase stands in (``Facts.is_provisional``).

    :param extra: lines outside the bag whose facts are read too
    """
    lines = [*bag.lines, *extra]
    read = partial(
        read_facts,
        [line.offer for line in lines if line.offer is not None],
        skus={line.sku for line in lines},
        shopper=shopper,
        now=now,
        kept=bag.kept,
    )
    try:
        facts = read()
        judged = _judge_chosen(lines, facts)
        kept = [each.line for each in judged if each.verdict in _HELD_BY_ORDERS]
        # No order is due by the clock of a preview.
        if kept and not preview.is_on():
            jtis, skus = [line.id for line in kept], [line.sku for line in kept]
            claims = open_claims(skus)
            is_due = any(each.lapses_at <= now for each in claims)
            if is_due and settle_blocking_orders(jtis=jtis, skus=skus, now=now):
                facts, claims = read(), open_claims(skus)
            facts, judged = replace(facts, open_claims=claims), []
    except DatabaseError as error:
        if not is_outage(error):
            logger.exception("The bag is judged by the showcase")
        elif not preview.is_on():
            shop_outages.failed(now)
        return judge_by_showcase(bag, shopper, now)
    return judge_again(bag, facts, judged)


def judge_by_showcase(bag: Bag, shopper: Shopper, now: datetime) -> JudgedBag:
    """Judge every line by what is on show, without a query: provisional, and nothing is renewed.

    :raises ShowcaseUnavailable: nothing recent enough is on show
    """
    return judge_again(bag, _facts_by_showcase(bag, shopper, now))


def total_by_showcase(bag: Bag, shopper: Shopper, now: datetime) -> str:
    """The sum of what can be bought, as every page shows it: without a query.

    What has run out counts where the bag will renew it. Units that are in orders already
    count too: only rows know of them. Empty where nothing can be bought, or said.
    """
    if not bag.lines:
        return ""
    try:
        facts = _facts_by_showcase(bag, shopper, now)
    except ShowcaseUnavailable:
        return ""
    judged = [judge_line(line, facts) for line in bag.lines]
    return JudgedBag([renewed(each, bag, facts) or each for each in judged], facts).total_text


def judge_again(bag: Bag, facts: Facts, before: Iterable[JudgedLine] = ()) -> JudgedBag:
    """Judge every line by facts that were just read, and renew what may be renewed.

    :param before: lines that were judged by the same facts, and need not be again
    """
    # What was renewed before has nothing to say of that any more.
    outcomes = {id(each.line): each for each in before if each.renewed_from is None}
    judged: list[JudgedLine] = []
    for line in bag.lines:
        outcome = outcomes.get(id(line)) or judge_line(line, facts)
        renewal = None if facts.is_provisional else renewed(outcome, bag, facts)
        if renewal is not None:
            try:
                bag.put(renewal.line, instead_of=line)
            except BagFull:
                renewal = None
        judged.append(renewal or outcome)
    return JudgedBag(judged, facts)


def _facts_by_showcase(bag: Bag, shopper: Shopper, now: datetime) -> Facts:
    """:raises ShowcaseUnavailable: nothing recent enough is on show"""
    return Facts(
        shopper=shopper,
        now=now,
        snapshot=showcase.snapshot(now),
        kept=bag.kept,
        is_provisional=True,
    )


def _judge_chosen(lines: Iterable[Line], facts: Facts) -> list[JudgedLine]:
    """The lines as they are bought: for the only variant, where a product has no choice."""
    products = facts.snapshot.products
    chosen = (with_only_variant(line, products.get(line.sku)) for line in lines)
    return [judge_line(line, facts) for line in chosen]
