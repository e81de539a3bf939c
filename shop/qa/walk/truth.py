"""Whether what was said is true, by the account alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shop.qa.walk.account import SECOND
from shop.qa.walk.blocks import TimeElement
from shop.qa.walk.circumstances import Circumstances, NotKnown, NotRecorded
from shop.qa.walk.order_truths import ORDER_TRUTHS
from shop.qa.walk.sale_truths import SALE_TRUTHS
from shop.qa.walk.statements import Statement, Topic
from shop.qa.walk.told import MINUTE, coarseness, rounded, says, shown


@dataclass(frozen=True, slots=True)
class Untruth:
    """A statement that is not true, what is instead (any of ``true``), and why, in words."""

    said: Statement
    true: tuple[Any, ...]
    why: str


#: What is true, by the topic of what is said.
TRUTHS = {**SALE_TRUTHS, **ORDER_TRUTHS}

#: How much later a page may say that a sale's last hold ends: it counts from the close, and
#: an offer from the whole second before it.
_LATER = {
    Topic.LAST_HOLD: SECOND,
    Topic.TIME_HELD: SECOND,
    # The back office rounds up to the minute, and counts a page that is a second old.
    Topic.LAST_PROMISE: MINUTE + 2 * SECOND,
    Topic.HELD_UNTIL: MINUTE + 2 * SECOND,
}
_NO_TIME = timedelta()


def untruth(said: Statement, here: Circumstances) -> Untruth | None:
    """Why a statement is not true; None where it is."""
    try:
        true: Any = TRUTHS[said.topic](here, said.subject)
    except NotRecorded:
        return None
    except NotKnown as unknown:
        return Untruth(said, (), str(unknown))
    every = true if isinstance(true, frozenset) else frozenset({true})
    if any(_is_so(said, each, here) for each in every):
        return None
    text = " or ".join(sorted(map(shown, every))) or "nothing"
    return Untruth(said, tuple(every), f"true is {text}")


def wrong_words(told: TimeElement, here: Circumstances) -> str:
    """Why the words of a ``<time>`` do not say its instant; empty where they do."""
    if _is_told(told.words, told.at, here):
        return ""
    return f"its instant is {told.at:%Y-%m-%d %H:%M:%S} UTC"


def _is_so(said: Statement, true: Any, here: Circumstances) -> bool:
    value, more = said.value, _LATER.get(said.topic, _NO_TIME)
    if isinstance(true, datetime):
        true += said.shift
        if isinstance(value, datetime):
            return bool(_NO_TIME <= value - true <= more)
        return any(_is_told(str(value), each, here) for each in rounded(true, more))
    if true is None and said.topic in _LATER:
        # Nothing is held any more, and a page says until when something was.
        return not isinstance(value, datetime) or value <= here.at
    if isinstance(value, timedelta) and isinstance(true, timedelta):
        return -more <= true - value < coarseness(value)
    return bool(value == true)


def _is_told(words: str, instant: datetime, here: Circumstances) -> bool:
    return any(says(words, instant, here.at, ZoneInfo(zone)) for zone in sorted(here.zones))
