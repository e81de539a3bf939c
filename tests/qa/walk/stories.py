"""Generated sales: hypothesis makes up windows, holds, zones, prices, and what is done when."""

from datetime import UTC, datetime, timedelta

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
    """A sale of a mug and a lamp, and one to five things that are done to it."""
    zone, opens = draw(st.sampled_from(_PLACES))
    length, hold = draw(st.sampled_from(_LENGTHS)), draw(st.sampled_from(_HOLDS))
    afters = sorted(draw(st.sets(st.sampled_from(_offsets(length, hold)), min_size=1, max_size=5)))
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
