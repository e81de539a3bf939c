"""When the last hold of a sale ends: one function, and every page that asks it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offers.anchors import Extension, OfferState, honored_until, judge
from offers.terms import Offer
from offers.verdicts import Verdict
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS
from shop.sales.hold_end import SaleRecall, last_hold_end, last_hold_ends_at
from shop.sales.holds import extend, recall
from shop.sales.models import Sale
from shop.sales.showcase import showcase
from tests.offers.handmade_tokens import ANCHOR, claims, seconds
from tests.support.fixtures import Clock

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)

#: Each page, and what it says while a price of a closed sale is still held.
PAGES = {
    "/sales/autumn/": "Prices shown before that are held",
    "/": "prices are still held",
    "/merchant/": "Its prices are held until",
    "/merchant/sales/sale/": "over, prices held",
}


def held_on(page: str, at: datetime, clock: Clock, merchant: Merchant) -> bool:
    """Whether a page says at an instant that prices of the sale are held."""
    clock.move_to(at)
    showcase.clear()
    visitor = merchant if page.startswith("/merchant/") else ShopClient()
    return PAGES[page] in visitor.open(page).text


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_held_until_the_last_extended_price_runs_out(
    page: str, sale: Sale, merchant: Merchant, shopper: ShopClient, clock: Clock
) -> None:
    clock.move_to(CLOSES - SECOND)
    message = shopper.offer()
    clock.move_to(CLOSES)
    extend(sale=sale, seconds=3600, by=None, now=CLOSES)
    end = CLOSES + HOLD + HOUR
    assert held_on(page, end - SECOND, clock, merchant)
    assert not held_on(page, end, clock, merchant)
    clock.move_to(end - 2 * SECOND)
    assert shopper.add(message).status == 303, "and it is honored in its last second"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_held_until_everything_is_recalled(
    page: str, sale: Sale, merchant: Merchant, clock: Clock
) -> None:
    assert held_on(page, CLOSES + MINUTE, clock, merchant)
    recall(sale=sale, reason="A slip", by=None, now=CLOSES + MINUTE)
    assert not held_on(page, CLOSES + MINUTE, clock, merchant)


def test_a_recall_up_to_an_instant_of_the_last_minutes_ends_every_hold(sale: Sale) -> None:
    """No stale page may be minting in it, so everything that is out is void."""
    now = CLOSES + MINUTE
    recall(sale=sale, reason="A slip", by=None, now=now, issued_before=CLOSES - MINUTE)
    assert last_hold_ends_at(sale) == now


def test_a_recall_up_to_an_instant_long_past_leaves_the_holds_after_it(sale: Sale) -> None:
    extend(sale=sale, seconds=36_000, by=None, now=OPENS + 5 * MINUTE)
    assert last_hold_ends_at(sale) == OPENS + 5 * MINUTE + HOLD + 10 * HOUR
    now = CLOSES + 20 * MINUTE
    recall(sale=sale, reason="A slip", by=None, now=now, issued_before=OPENS + 5 * MINUTE)
    assert last_hold_ends_at(sale) == CLOSES + HOLD


def test_an_extension_made_before_the_opening_extends_nothing(sale: Sale) -> None:
    extend(sale=sale, seconds=36_000, by=None, now=OPENS - MINUTE)
    assert last_hold_ends_at(sale) == CLOSES + HOLD


# --- Held against the judge -------------------------------------------------------

#: Seconds after the opening; the sale closes 20 s after it, and holds for 10 s.
SECONDS = st.integers(-5, 70)
EXTENSIONS = st.lists(
    st.tuples(SECONDS, st.integers(1, 30)).map(
        lambda each: Extension(OPENS + each[0] * SECOND, each[1])
    ),
    max_size=3,
)


def offer(issued_at: datetime, hold: timedelta) -> Offer:
    return Offer.from_claims(claims(iat=seconds(issued_at), exp=seconds(issued_at + hold)))


@given(extensions=EXTENSIONS, recalled=st.none() | SECONDS)
def test_no_offer_is_honored_from_the_end_on_and_one_is_until_a_second_before_it(
    extensions: list[Extension], recalled: int | None
) -> None:
    closes, hold = OPENS + 20 * SECOND, 10 * SECOND
    # The judge forgets when a recall was made: what it voids is void at every instant.
    before = OPENS + recalled * SECOND if recalled is not None else None
    recalls = [SaleRecall(before, datetime.min.replace(tzinfo=UTC))] if before else []
    end = last_hold_end(
        opens_at=OPENS, closes_at=closes, hold=hold, extensions=extensions, recalls=recalls
    )
    state = OfferState(anchor=ANCHOR, recall_before=before, extensions=extensions)
    honored = []
    for second in range(20):
        made = offer(OPENS + second * SECOND, hold)
        last = honored_until(made, extensions) - SECOND
        verdict = judge(made, now=last, shoppers=None, state=state, quantity=1)
        honored += [last] if verdict is Verdict.HONORED else []
    if honored:
        assert max(honored) < end <= max(honored) + 2 * SECOND
    else:
        assert end <= closes
