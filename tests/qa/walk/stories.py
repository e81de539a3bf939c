"""Generated sales: hypothesis makes up windows, holds, zones, prices, and what is done when."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from shop.qa.pytest_plugin.factories import OPENS
from tests.qa.walk.histories import SaleStory, Step

_MINUTE = timedelta(minutes=1)
#: Zones, and openings in them: on a usual day, and half an hour before clocks change.
_PLACES = [
    ("Europe/Berlin", OPENS),
    ("Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2027, 3, 28, 0, 30, tzinfo=UTC)),
    ("America/New_York", OPENS),
    ("Asia/Kolkata", OPENS),
]
_LENGTHS = [timedelta(minutes=each) for each in (2, 15, 60)]
_HOLDS = [timedelta(seconds=each) for each in (45, 600, 1800, 7200)]
_SKUS = ["MUG-01", "LMP-01"]
_PRICES = [99, 499, 790, 4990, 7900]


@st.composite
def sale_stories(draw: st.DrawFn) -> SaleStory:
    """A sale of a mug and a lamp, and two to five things that are done to it."""
    zone, opens = draw(st.sampled_from(_PLACES))
    length, hold = draw(st.sampled_from(_LENGTHS)), draw(st.sampled_from(_HOLDS))
    afters = sorted(draw(st.sets(st.sampled_from(_offsets(length, hold)), min_size=2, max_size=5)))
    return SaleStory(
        zone=zone,
        opens=opens,
        closes=opens + length,
        hold=hold,
        prices={sku: draw(st.sampled_from(_PRICES)) for sku in _SKUS},
        list_prices={sku: draw(st.sampled_from([4990, 7900])) for sku in _SKUS},
        are_listed=draw(st.booleans()),
        steps=[draw(_steps(after, length)) for after in afters],
    )


def _offsets(length: timedelta, hold: timedelta) -> list[timedelta]:
    """Instants after the opening at which something may be done: near what matters."""
    second = timedelta(seconds=1)
    return [
        *(length / 4, length / 2, length - second),
        *(length, length + second, length + hold / 2),
        *(hold, length + hold - second, length + hold),
    ]


@st.composite
def _steps(draw: st.DrawFn, after: timedelta, length: timedelta) -> Step:
    after = timedelta(seconds=after // timedelta(seconds=1))
    sku = draw(st.sampled_from(_SKUS))
    of_all = draw(st.booleans())
    options = [
        Step(after, "extend", value=draw(st.sampled_from([1, 10, 90]))),
        Step(after, "recall", None if of_all else sku),
        Step(after, "buy"),
    ]
    if after < length:
        options += [
            Step(after, "price", sku, draw(st.sampled_from(_PRICES))),
            Step(after, "list price", sku, draw(st.sampled_from([990, 4990, 5990]))),
            Step(after, "withdraw", sku),
            Step(after, "close", value=draw(st.sampled_from([0, 30, 1200]))),
            Step(after, "hold", value=draw(st.sampled_from([60, 900, 3600]))),
            Step(after, "hide"),
            Step(after, "show"),
            Step(after, "refund"),
        ]
    return draw(st.sampled_from(options))


def _story(*steps: Step, **fields: Any) -> SaleStory:
    given: dict[str, Any] = {
        "prices": {"MUG-01": 499, "LMP-01": 790},
        "list_prices": {"MUG-01": 4990, "LMP-01": 7900},
    }
    return SaleStory(steps=steps, **(given | fields))


def _after(minutes: float, what: str, sku: str | None = None, value: int = 0) -> Step:
    return Step(timedelta(minutes=minutes), what, sku, value)


#: What happens to sales, one thing at a time: the sale opens at 12:00 in Berlin for a quarter of an
#: hour, and its prices are held for half an hour.
NAMED = {
    "nothing happens": _story(),
    "held longer after the close": _story(_after(16, "extend", value=15)),
    "held longer when all had run out": _story(_after(46, "extend", value=10)),
    "every deal recalled, one by one": _story(
        _after(16, "recall", "MUG-01"), _after(18, "recall", "LMP-01")
    ),
    "recalled, and held longer": _story(_after(5, "recall"), _after(20, "extend", value=10)),
    "a stretch recalled": _story(_after(3, "buy"), _after(13, "recall since", "MUG-01", 420)),
    "a shorter hold": _story(_after(7, "hold", value=60)),
    "a longer hold": _story(_after(7, "hold", value=3600)),
    "closed early": _story(_after(5, "close", value=0)),
    "closed early when the hold was shorter": _story(
        _after(3, "hold", value=60), _after(5, "close", value=0)
    ),
    "open for longer": _story(_after(14, "close", value=1200)),
    "hidden": _story(_after(7, "hide")),
    "hidden and shown again": _story(_after(5, "hide"), _after(9, "show")),
    "a deal withdrawn": _story(_after(7, "withdraw", "MUG-01")),
    "dearer, then cheaper": _story(
        _after(4, "price", "MUG-01", 2999), _after(9, "price", "MUG-01", 399)
    ),
    "dearer outside": _story(_after(6, "list price", "MUG-01", 5990)),
    "cheaper outside": _story(list_prices={"MUG-01": 399, "LMP-01": 7900}),
    "sold in sales alone": _story(are_listed=False),
    "ordered in time, late, and refunded": _story(
        _after(1, "buy"), _after(15, "buy"), _after(20, "refund")
    ),
    "clocks are put back": _story(
        opens=datetime(2026, 10, 25, 0, 40, tzinfo=UTC),
        closes=datetime(2026, 10, 25, 0, 55, tzinfo=UTC),
    ),
    "clocks are put forward": _story(
        opens=datetime(2027, 3, 28, 0, 50, tzinfo=UTC),
        closes=datetime(2027, 3, 28, 1, 5, tzinfo=UTC),
    ),
}
