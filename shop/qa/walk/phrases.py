"""Findings of a walk as sentences for a merchant: what a page said, when, and what is true."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from shop.qa.walk.statements import TYPE_OF, Topic, ValueType
from shop.qa.walk.walker import WalkFinding

type Format = Callable[[Any], str]

#: What is true, by topic, for the values that are no figures.
_FACTS: dict[Topic, dict[object, str]] = {
    Topic.IS_HELD: {
        True: "prices of it are still held",
        False: "no price of it is held any more",
    },
    Topic.MAY_BE_HELD: {
        True: "prices of it are still out",
        False: "no price of it is out any more",
    },
    Topic.PHASE: {
        "absent": "no page shows the sale",
        "upcoming": "the sale is still to open",
        "open": "the sale is open",
        "closed": "the sale is closed",
    },
    Topic.IS_LISTED: {True: "it is sold outside sales too", False: "it is sold in sales alone"},
    Topic.IS_BUYABLE: {True: "it can be bought", False: "it cannot be bought"},
    Topic.LINE_IS_RENEWED: {True: "it is held again", False: "its time is not up"},
    Topic.LINE_IS_CHEAPER: {True: "it has become cheaper", False: "it costs what it did"},
    Topic.OUTLASTS: {True: "it holds after the close", False: "it ends before the close"},
}
#: How figures are told, by topic.
_FIGURES = {
    Topic.OPENS: "it opens at {}",
    Topic.CLOSES: "it closes at {}",
    Topic.HOLD: "prices are held for {}",
    Topic.FRESH_HOLD: "the price is held until {}",
    Topic.LINE_HELD: "it is held until {}",
    Topic.FIRST_HOLD_END: "the first price runs out at {}",
    Topic.AMOUNT: "it costs {}",
    Topic.COSTS_NOW: "it costs {}",
    Topic.LINE_AMOUNT: "its price is {}",
    Topic.LINE_TOTAL: "it comes to {}",
    Topic.TOTAL: "what can be bought comes to {}",
    Topic.GLANCE: "what can be bought comes to {}",
    Topic.CHARGE: "it comes to {}",
    Topic.WAS: "the price to compare with is {}",
    Topic.COMPARED: "the price to compare with is {}",
    Topic.PERCENT_OFF: "the reduction is {}%",
    Topic.LIMIT: "one shopper can have {}",
}


def sentence_of(
    finding: WalkFinding, *, format_time: Format, format_money: Callable[[int], str]
) -> str:
    """What was found, in a sentence."""
    place = f"The page {finding.path} of {format_time(finding.at)}"
    if finding.untruth is None:
        return f"{place}: {finding.words}; {finding.problem}."
    said = finding.untruth.said

    def told(value: Any) -> str:
        match value:
            case datetime():
                return format_time(value)
            case timedelta():
                return f"{value // timedelta(seconds=1)} seconds"
            case int() if TYPE_OF[said.topic] is ValueType.MONEY:
                return format_money(value)
        return str(value)

    facts = _FACTS.get(said.topic, {})
    pattern = _FIGURES.get(said.topic, "right is {}")
    true = sorted(facts.get(each) or pattern.format(told(each)) for each in finding.untruth.true)
    return f"{place} said “{said.words}”; {' or '.join(true) or finding.problem}."
