"""Counting refusals, once for each answer that says so; a bag that is shown does not count."""

from offers.verdicts import Verdict
from shop.bag.judged import JudgedBag, JudgedLine
from shop.core import preview
from shop.sales.refusals import refusals


def count_line(line: JudgedLine, judged: JudgedBag, verdict: Verdict) -> None:
    """Count that a line was refused; in a preview nobody was."""
    if preview.is_on():
        return
    refusals.count(line.line.offer, verdict, judged.facts.snapshot, judged.now)


def count_order(judged: JudgedBag, verdict: Verdict | None) -> None:
    """Count that an order was not placed: each line that is refused, for what it is refused for.

    :param verdict: what the claim met, where no line shows it; it counts once for
        each sale of the bag, as the claim does not say of which it was
    """
    for line in judged.refused:
        count_line(line, judged, line.verdict)
    if verdict is not None and not judged.refused:
        for line in {
            each.line.offer.sale: each for each in judged.honored if each.line.offer
        }.values():
            count_line(line, judged, verdict)
