"""Counting refusals, once for each answer that says so; showing a bag counts none."""

from offers.verdicts import Verdict
from shop.bag.judging import JudgedBag
from shop.bag.lines import Line
from shop.core import preview
from shop.orders.offer_facts import Facts
from shop.sales.refusals import refusals


def count_line(line: Line, facts: Facts, verdict: Verdict) -> None:
    """Count the refusal of a line; a preview counts none."""
    if not preview.is_on():
        refusals.count(line.offer, verdict, facts.snapshot, facts.now)


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
