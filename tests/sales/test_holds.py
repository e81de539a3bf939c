"""Extend and recall: what becomes of offers that are out, and of nobody else's."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from offers.verdicts import Verdict
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS
from shop.sales.holds import extend, recall
from shop.sales.models import Deal, Recall, Sale
from tests.support.fixtures import Clock

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def verdict(shopper: ShopClient, message: str) -> str:
    """What the shop says of an offer now, to a bag that is thrown away."""
    for name in [name for name in shopper.client.cookies if "bag" in name]:
        del shopper.client.cookies[name]
    page = shopper.add(message)
    return Verdict.HONORED if page.status == 303 else page.verdicts[0]


def test_an_extended_offer_is_honored_for_exactly_that_much_longer(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    message = shopper.offer()
    clock.move_to(OPENS + MINUTE)
    extend(sale=sale, seconds=600, by=None, now=OPENS + MINUTE)
    clock.move_to(OPENS + HOLD + timedelta(seconds=599))
    assert verdict(shopper, message) == "honored"
    clock.move_to(OPENS + HOLD + timedelta(seconds=600))
    assert verdict(shopper, message) == "expired"


def test_an_extension_skips_later_offers(sale: Sale, shopper: ShopClient, clock: Clock) -> None:
    extend(sale=sale, seconds=600, by=None, now=OPENS)
    message = shopper.offer()
    clock.move_to(OPENS + HOLD)
    assert verdict(shopper, message) == "expired"


def test_extensions_add_up(sale: Sale, shopper: ShopClient, clock: Clock) -> None:
    message = shopper.offer()
    for seconds in (60, 120):
        extend(sale=sale, seconds=seconds, by=None, now=OPENS + SECOND)
    clock.move_to(OPENS + HOLD + timedelta(seconds=179))
    assert verdict(shopper, message) == "honored"
    clock.move_to(OPENS + HOLD + timedelta(seconds=180))
    assert verdict(shopper, message) == "expired"


def test_an_offer_that_ran_out_is_revived(sale: Sale, shopper: ShopClient, clock: Clock) -> None:
    message = shopper.offer()
    clock.move_to(OPENS + HOLD + MINUTE)
    assert verdict(shopper, message) == "expired"
    extend(sale=sale, seconds=120, by=None, now=OPENS + HOLD + MINUTE)
    assert verdict(shopper, message) == "honored"


def test_an_extension_keeps_the_window(sale: Sale, shopper: ShopClient, clock: Clock) -> None:
    extend(sale=sale, seconds=3600, by=None, now=OPENS)
    clock.move_to(CLOSES)
    assert shopper.open("/sales/autumn/").offers == {}


def test_an_extension_says_who_when_and_why(sale: Sale, merchant: Merchant) -> None:
    made = extend(sale=sale, seconds=60, by=merchant.user, now=OPENS, reason="Mail was late")
    made.refresh_from_db()
    assert (made.made_by, made.made_at, made.issued_before) == (merchant.user, OPENS, OPENS)
    assert made.reason == "Mail was late"


def test_a_recalled_offer_is_void_and_says_why(sale: Sale, shopper: ShopClient) -> None:
    message = shopper.offer()
    shopper.add(message)
    recall(sale=sale, reason="A slip of the pen", by=None, now=OPENS)
    page = shopper.bag()
    assert page.verdicts == ["recalled"]
    assert "A slip of the pen" in page.text


def test_offers_made_after_a_recall_are_good(sale: Sale, shopper: ShopClient) -> None:
    old = shopper.offer()
    recall(sale=sale, reason="A slip of the pen", by=None, now=OPENS)
    assert verdict(shopper, shopper.offer()) == "honored"
    assert verdict(shopper, old) == "recalled"


def test_a_recall_of_one_deal_leaves_the_others(sale: Sale, shopper: ShopClient) -> None:
    mug, lamp = shopper.offer("MUG-01"), shopper.offer("LMP-01")
    deal = Deal.objects.get(product__sku="MUG-01")
    recall(sale=sale, deal=deal, reason="Broken in transit", by=None, now=OPENS)
    assert verdict(shopper, mug) == "recalled"
    assert verdict(shopper, lamp) == "honored"


def test_a_recall_before_an_instant_long_past_leaves_what_came_after(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    early = shopper.offer()
    clock.move_to(OPENS + MINUTE)
    late = shopper.offer()
    clock.move_to(CLOSES)
    recall(
        sale=sale, reason="An early slip", by=None, now=CLOSES, issued_before=OPENS + 30 * SECOND
    )
    assert verdict(shopper, early) == "recalled"
    assert verdict(shopper, late) == "honored"


def test_a_recall_before_an_instant_just_past_takes_back_what_a_stale_page_still_made(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    clock.move_to(OPENS + MINUTE)
    late = shopper.offer()
    recall(
        sale=sale, reason="A slip", by=None, now=OPENS + MINUTE, issued_before=OPENS + 30 * SECOND
    )
    assert verdict(shopper, late) == "recalled"


def test_a_later_recall_before_an_earlier_instant_gives_nothing_back(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    message = shopper.offer()
    clock.move_to(CLOSES)
    for before in (OPENS + MINUTE, OPENS - MINUTE):
        recall(sale=sale, reason="A slip", by=None, now=CLOSES, issued_before=before)
    assert verdict(shopper, message) == "recalled"


def test_a_recall_says_who_when_and_why(sale: Sale, merchant: Merchant) -> None:
    made = recall(sale=sale, reason="A slip", by=merchant.user, now=OPENS)
    made.refresh_from_db()
    assert (made.made_by, made.made_at) == (merchant.user, OPENS)
    assert (made.reason, made.deal) == ("A slip", None)


# --- A recall with a beginning ----------------------------------------------------

#: The last second of the right price, the first of the wrong one, the first of the right one again.
BEFORE, WRONG, AFTER = OPENS + 59 * SECOND, OPENS + 60 * SECOND, OPENS + 120 * SECOND


def offers_at(
    shopper: ShopClient, clock: Clock, *instants: datetime, sku: str = "MUG-01"
) -> list[str]:
    """An offer of each instant."""
    messages = []
    for instant in instants:
        clock.move_to(instant)
        messages.append(shopper.offer(sku))
    return messages


def the_deal(sale: Sale, which: str | None) -> Deal | None:
    return Deal.objects.get(product__sku=which) if which else None


@pytest.mark.parametrize("which", [None, "MUG-01"])
def test_a_recall_with_a_beginning_leaves_what_was_shown_before_it(
    which: str | None, sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    before, first, last = offers_at(shopper, clock, BEFORE, WRONG, AFTER - SECOND)
    now = AFTER
    clock.move_to(now)
    deal = the_deal(sale, which)
    recall(sale=sale, deal=deal, reason="A slip", by=None, now=now, issued_from=WRONG)
    assert [verdict(shopper, each) for each in (before, first, last)] == [
        "honored",
        "recalled",
        "recalled",
    ]
    assert verdict(shopper, shopper.offer()) == "honored", "and what is shown from now on"


@pytest.mark.parametrize("which", [None, "MUG-01"])
def test_a_recall_of_a_stretch_long_past_leaves_both_sides_of_it(
    which: str | None, sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    messages = offers_at(shopper, clock, BEFORE, WRONG, AFTER - SECOND, AFTER)
    clock.move_to(CLOSES)
    deal, stretch = the_deal(sale, which), {"issued_from": WRONG, "issued_before": AFTER}
    recall(sale=sale, deal=deal, reason="A slip", by=None, now=CLOSES, **stretch)
    assert [verdict(shopper, each) for each in messages] == [
        "honored",
        "recalled",
        "recalled",
        "honored",
    ]


def test_a_recall_of_a_stretch_of_one_deal_leaves_the_others(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    (lamp,) = offers_at(shopper, clock, WRONG, sku="LMP-01")
    clock.move_to(CLOSES)
    deal, stretch = the_deal(sale, "MUG-01"), {"issued_from": WRONG, "issued_before": AFTER}
    recall(sale=sale, deal=deal, reason="A slip", by=None, now=CLOSES, **stretch)
    assert verdict(shopper, lamp) == "honored"


def test_an_offer_that_one_recall_spared_is_void_by_the_next_that_reaches_it(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    early, late = offers_at(shopper, clock, BEFORE, WRONG)
    mug = the_deal(sale, "MUG-01")
    clock.move_to(AFTER)
    recall(sale=sale, deal=mug, reason="First", by=None, now=AFTER, issued_from=WRONG)
    recall(sale=sale, reason="Second", by=None, now=AFTER, issued_from=BEFORE)
    assert [verdict(shopper, each) for each in (early, late)] == ["recalled", "recalled"]


def test_each_shopper_reads_why_the_price_was_taken_back_that_they_have(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    early, late = offers_at(shopper, clock, BEFORE, WRONG)
    clock.move_to(AFTER)
    mug = the_deal(sale, "MUG-01")
    recall(sale=sale, deal=mug, reason="A slip of the pen", by=None, now=AFTER, issued_from=WRONG)
    recall(sale=sale, reason="The mugs crack", by=None, now=AFTER)
    for message, reason in ((early, "The mugs crack"), (late, "A slip of the pen")):
        answer = shopper.add(message)
        assert (answer.verdicts, reason in answer.text) == (["recalled"], True)


def test_a_recall_that_begins_within_a_second_reaches_what_was_shown_in_that_second(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    """An offer does not say whether it was made in the first or the second half of it."""
    before, same = offers_at(shopper, clock, BEFORE, WRONG)
    begins = WRONG + timedelta(milliseconds=500)
    clock.move_to(AFTER)
    recall(sale=sale, reason="A slip", by=None, now=AFTER, issued_from=begins)
    assert [verdict(shopper, each) for each in (before, same)] == ["honored", "recalled"]


@pytest.mark.parametrize(
    ("stretch", "reason"),
    [
        ({"issued_from": AFTER, "issued_before": WRONG}, "has to end after it begins"),
        ({"issued_from": WRONG, "issued_before": WRONG}, "has to end after it begins"),
        ({"issued_from": CLOSES + SECOND}, "still to come"),
        ({"issued_before": CLOSES + SECOND}, "still to come"),
    ],
)
def test_a_stretch_that_is_none_is_not_recalled(
    stretch: dict[str, Any], reason: str, sale: Sale, shopper: ShopClient
) -> None:
    message = shopper.offer()
    with pytest.raises(ValidationError, match=reason):
        recall(sale=sale, reason="A slip", by=None, now=CLOSES, **stretch)
    assert verdict(shopper, message) == "honored"


def test_a_recall_remembers_the_nonce_that_it_replaced_also_where_a_page_had_an_older_one(
    sale: Sale,
) -> None:
    stale, first = Sale.objects.get(), sale.nonce
    recall(sale=sale, reason="A slip", by=None, now=AFTER, issued_from=WRONG)
    recall(sale=stale, reason="A slip", by=None, now=AFTER, issued_from=WRONG)
    assert [each.replaced_nonce for each in Recall.objects.order_by("pk")] == [first, sale.nonce]
    assert Sale.objects.get().nonce == stale.nonce
