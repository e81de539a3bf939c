"""Counting refusals, once for each answer that says so; showing a bag counts none."""

import logging

from offers.tokens import key_hint
from offers.verdicts import Verdict
from shop.bag.judging import JudgedBag
from shop.bag.lines import Line
from shop.core import preview
from shop.orders.offer_facts import Facts
from shop.sales.refusals import refusals

logger = logging.getLogger(__name__)


def count_line(line: Line, facts: Facts, verdict: Verdict) -> None:
    """Count the refusal of a line; a preview counts none."""
    if preview.is_on():
        return
    refusals.count(line.offer, verdict, facts.snapshot, facts.now)
    if verdict is Verdict.FORGED and line.offer is not None:
        _tell_of_leaked_key(line, facts)


def _tell_of_leaked_key(line: Line, facts: Facts) -> None:
    """Log that one of our keys has signed what the shop never offered."""
    offer = line.offer
    deal = facts.snapshot.deal(*offer.deal) if offer else None
    if offer is None or deal is None or facts.record is None:
        return
    claim = facts.record.bounds(offer, deal).claim_beyond(offer)
    logger.error(
        "Key %s has signed an offer of %s that the shop never made (%s). "
        "It has leaked, unless prices were changed by hand: docs/operating.md, Rotating keys.",
        key_hint(line.message),
        offer.sale,
        claim,
    )


def count_order(judged: JudgedBag, verdict: Verdict | None) -> None:
    """Count that an order was not placed: each refused line, with its verdict.

    :param verdict: why the claim was refused, where no line shows it; it counts once for
        each sale of the bag, because the claim does not say for which sale
    """
    for each in judged.refused:
        count_line(each.line, judged.facts, each.verdict)
    if verdict is not None and not judged.refused:
        lines = (each.line for each in judged.honored)
        for line in {line.offer.sale: line for line in lines if line.offer}.values():
            count_line(line, judged.facts, verdict)
