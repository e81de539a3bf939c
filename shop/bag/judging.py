"""The whole bag, judged anew each time it is shown: nothing is trusted because it was true once."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db import Error as DatabaseError

from offers.verdicts import Verdict
from shop.bag.cookie import BagFull
from shop.bag.judged import JudgedBag, JudgedLine
from shop.bag.line_judging import judge_line, with_only_variant
from shop.bag.lines import Bag, Line
from shop.bag.renewal import renewed
from shop.core import preview
from shop.core.shopper import Shopper
from shop.orders.offer_facts import Facts, read_facts
from shop.orders.open_claims import open_claims
from shop.payments.settlement import settle_blocking_orders
from shop.sales.showcase import showcase

logger = logging.getLogger(__name__)


#: What an order that nobody pays may keep a line from; it may be over by now.
HELD_BY_ORDERS = frozenset({Verdict.USED, Verdict.SOLD_OUT, Verdict.OVER_LIMIT})


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
            claims = open_claims({each.line.sku for each in wanting})
            is_due = any(each.lapses_at <= now for each in claims)
            if is_due and settle_blocking_orders(
                jtis=[each.line.id for each in wanting],
                skus=[each.line.sku for each in wanting],
                now=now,
            ):
                facts = read_facts(offers, skus=skus, shoppers=shopper.ids, now=now)
                claims = open_claims({each.line.sku for each in wanting})
            facts = replace(facts, open_claims=claims)
    except DatabaseError:
        logger.exception("The bag is judged by the showcase: the database is away")
        facts = Facts(snapshot=showcase.snapshot(now), uses={}, units_taken={}, is_provisional=True)
    return judge_again(bag, facts, shopper, now)


def judge_again(bag: Bag, facts: Facts, shopper: Shopper, now: datetime) -> JudgedBag:
    """Judge every line by facts that were just read."""
    judged: list[JudgedLine] = []
    for line in bag.lines:
        outcome = judge_line(line, facts, shopper, now)
        better = None if facts.is_provisional else renewed(outcome, bag, facts, shopper, now)
        if better is not None:
            try:
                bag.put(better.line, instead_of=line)
            except BagFull:
                better = None
        judged.append(better or outcome)
    totals: dict[str, int] = {}
    for each in judged:
        if each.is_honored and each.line.offer:
            currency = each.line.offer.currency
            totals[currency] = totals.get(currency, 0) + each.total
    return JudgedBag(lines=judged, facts=facts, now=now, totals=totals)


def _kept_by_orders(
    lines: Sequence[Line], facts: Facts, shopper: Shopper, now: datetime
) -> list[JudgedLine]:
    """The lines that are refused for what orders hold, which may be over by now."""
    products = facts.snapshot.products
    chosen = (with_only_variant(line, products.get(line.sku)) for line in lines)
    judged = (judge_line(line, facts, shopper, now) for line in chosen)
    return [each for each in judged if each.verdict in HELD_BY_ORDERS]
