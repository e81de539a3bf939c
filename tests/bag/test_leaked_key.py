"""What a key that has leaked can sign: no price that the shop never asked, and no frozen one less.

Each test forges offers in the shop's own name, by its own key: only the record can tell.
"""

import json
import logging
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from offers import conf, tokens
from shop.bag.lines import Bag, Line, cookie_name
from shop.catalog.models import PricePoint, Product
from shop.core.repeated_time import note_set_back
from shop.qa.pytest_plugin.client import ShopClient, read
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS, make_sale, new_key
from shop.sales import restorations
from shop.sales.documents.loader import load_sale
from shop.sales.holds import extend
from shop.sales.lifecycle import cancel, publish, unpublish
from shop.sales.list_terms import record_list_terms
from shop.sales.minting import freeze
from shop.sales.models import Deal, ListTerms, Sale
from shop.sales.reference_prices import set_list_price
from shop.sales.showcase import showcase
from shop.sales.snapshot import DealSnapshot
from tests.sales.test_documents import autumn_with
from tests.sales.test_documents import read as read_document
from tests.support.factories import change, mug
from tests.support.fixtures import Clock
from tests.support.forgetting import forgotten

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
#: How long after a change a page may still be made by the terms from before it, and how long
#: before it one by those from after it: for an old snapshot, and for clocks that differ.
AFTER, BEFORE = 660 * SECOND, 60 * SECOND
LATER = OPENS + 20 * MINUTE


def forged(message: str, issued: datetime | None = None, **terms: Any) -> str:
    """An offer with other terms or of another instant, signed by the shop's own key."""
    offer = read(message)
    if issued is not None:
        at = int(issued.timestamp())
        terms = {
            "issued_at": at,
            "expires_at": at + offer.expires_at - offer.issued_at,
            **terms,
        }
    return tokens.sign_offer(replace(offer, **terms), conf.ring().active)


def the_deal(sale: Sale) -> Deal:
    return sale.deals.select_related("product").get(product__sku="MUG-01")


def shown(sale: str = "autumn", sku: str = "MUG-01") -> DealSnapshot:
    """A deal as pages show it from now on."""
    showcase.clear()
    deal = showcase.snapshot(OPENS).deal(sale, sku)
    assert deal is not None
    return deal


def is_taken(shopper: ShopClient, message: str) -> bool:
    """Whether an offer goes into an empty bag; if not, then because it is forged."""
    shopper.client.cookies.pop(cookie_name(), None)
    page = shopper.add(message)
    assert (page.status, page.verdicts) in [(303, []), (422, ["forged"])]
    return page.status == 303


def is_taken_if_issued(
    issued: datetime, message: str, shopper: ShopClient, clock: Clock, **terms: Any
) -> bool:
    """Whether an offer like a real one, issued at another instant, is taken at that instant."""
    clock.move_to(issued)
    return is_taken(shopper, forged(message, issued, **terms))


#: When a promise of until LATER is still kept: as long as a page may show it.
while_a_page_may_show_it = pytest.mark.parametrize(
    ("issued", "expected"),
    [
        (LATER - SECOND, True),
        (LATER, True),
        (LATER + AFTER - SECOND, True),
        (LATER + AFTER, False),
        (LATER + AFTER + SECOND, False),
    ],
)
#: When a promise of the minute from LATER on may have been made.
around_one_minute = pytest.mark.parametrize(
    ("issued", "expected"),
    [
        (LATER - BEFORE - SECOND, False),
        (LATER - BEFORE, True),
        (LATER, True),
        (LATER + MINUTE + AFTER - SECOND, True),
        (LATER + MINUTE + AFTER, False),
    ],
)


def with_bag_of(shopper: ShopClient, message: str) -> None:
    """The browser carries a line that the shop never took."""
    bag = Bag()
    bag.put(Line(message, {"MUG-01": 1}))
    response = HttpResponse()
    bag.save(response)
    shopper.client.cookies.update(response.cookies)


# --- What is beyond the record ------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"amount": 500}, True),
        ({"amount": 499}, True),
        ({"amount": 498}, False),
        ({"amount": 1}, False),
        ({"expires_at": int((OPENS + HOLD).timestamp()) - 1}, True),
        ({"expires_at": int((OPENS + HOLD).timestamp())}, True),
        ({"expires_at": int((OPENS + HOLD).timestamp()) + 1}, False),
        ({"expires_at": 249_999_999_999}, False),
        ({"max": 1}, True),
        ({"max": 2}, True),
        ({"max": 3}, False),
        ({"max": 1_000_000}, False),
        ({"currency": "JPY"}, False),
        ({"was": 1}, True),
    ],
)
def test_an_offer_is_no_better_than_what_was_ever_on_show(
    sale: Sale, shopper: ShopClient, terms: dict[str, Any], expected: bool
) -> None:
    assert is_taken(shopper, forged(shopper.offer(), **terms)) is expected


@pytest.mark.parametrize("terms", [{"amount": 4989}, {"max": 11}, {"currency": "JPY"}])
def test_nor_is_one_at_list_price(
    sale: Sale, shopper: ShopClient, clock: Clock, terms: dict[str, Any]
) -> None:
    clock.move_to(CLOSES)
    message = at_list(shopper)
    assert is_taken(shopper, message)
    assert not is_taken(shopper, forged(message, **terms))


def test_a_forged_offer_is_refused_in_words_with_the_price_as_it_is(
    sale: Sale, shopper: ShopClient
) -> None:
    page = shopper.add(forged(shopper.offer(), amount=1))
    assert page.verdicts == ["forged"]
    assert "The shop never offered this price, so it cannot be honored." in page.text
    assert "It is €4.99 now." in page.text


def test_a_bag_that_carries_one_marks_it_and_sells_nothing_of_it(
    sale: Sale, shopper: ShopClient
) -> None:
    with_bag_of(shopper, forged(shopper.offer(), amount=1))
    page = shopper.bag()
    assert (page.verdicts, page.lines) == (["forged"], {"MUG-01": 1})
    assert "Total" not in page.text
    assert shopper.open("/checkout/").path == "/bag/"
    answer = shopper.order("ctoken_none", shown_total=1)
    assert (answer.status, answer.verdicts) == (422, ["forged"])


def test_a_line_that_is_forged_can_be_kept_at_todays_price(sale: Sale, shopper: ShopClient) -> None:
    message = forged(shopper.offer(), amount=1)
    with_bag_of(shopper, message)
    form = {"line": read(message).id, "accept_amount": "499"}
    assert shopper.send("/bag/update/", form).lines == {"MUG-01": 499}


def test_a_forged_offer_does_not_take_the_place_of_a_good_one(buyer: ShopClient) -> None:
    page = buyer.add(forged(buyer.offer(), amount=1))
    assert page.verdicts == ["forged"]
    assert buyer.bag().lines == {"MUG-01": 499}


def test_the_log_names_the_key_and_what_it_should_never_have_signed(
    sale: Sale, shopper: ShopClient, caplog: pytest.LogCaptureFixture
) -> None:
    message = forged(shopper.offer(), amount=1)
    with caplog.at_level(logging.WARNING):
        shopper.add(message)
    [line] = [each for each in caplog.messages if "tests" in each]
    assert line == (
        "Key tests has signed an offer of autumn that the shop never made (amount). "
        "It has leaked, unless prices were changed by hand: docs/operating.md, Rotating keys."
    )
    assert message not in caplog.text


def test_the_record_comes_with_the_one_query_that_judges_the_bag(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    shopper.add(shopper.offer())
    clock.move_to(OPENS + MINUTE)
    change(sale, OPENS + MINUTE, the_deal(sale), price=999, max_per_shopper=1)
    change(sale, OPENS + MINUTE, hold_seconds=60)
    showcase.clear()
    showcase.snapshot(OPENS)
    with CaptureQueriesContext(connection) as queries:
        page = shopper.bag()
    assert (len(queries), page.verdicts, page.lines) == (1, [], {"MUG-01": 499})


def test_terms_of_this_very_second_cost_a_second_query_and_no_promise(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    """What is on show, by which it is seen whether the record is wanted, is a second old."""
    shopper.add(shopper.offer())
    change(sale, OPENS, the_deal(sale), price=999)
    with CaptureQueriesContext(connection) as queries:
        page = shopper.bag()
    assert (len(queries), page.verdicts, page.lines) == (2, [], {"MUG-01": 499})


def test_the_record_is_left_alone_where_all_offers_are_within_todays_terms(
    sale: Sale, shopper: ShopClient
) -> None:
    shopper.add(shopper.offer())
    with CaptureQueriesContext(connection) as queries:
        assert shopper.bag().verdicts == []
    assert "sales_change" not in queries[0]["sql"]


# --- Prices up and down -------------------------------------------------------


def test_a_price_that_was_raised_since_stays_held(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    message = shopper.offer()
    change(sale, OPENS + SECOND, the_deal(sale), price=999)
    clock.move_to(OPENS + HOLD - SECOND)
    assert is_taken(shopper, message)


@while_a_page_may_show_it
def test_a_price_that_was_raised_is_past_once_no_page_can_show_it(
    sale: Sale, shopper: ShopClient, clock: Clock, issued: datetime, expected: bool
) -> None:
    message = shopper.offer()
    change(sale, LATER, the_deal(sale), price=999)
    assert is_taken_if_issued(issued, message, shopper, clock) is expected


@around_one_minute
def test_a_price_of_a_minute_was_promised_around_that_minute_alone(
    sale: Sale, shopper: ShopClient, clock: Clock, issued: datetime, expected: bool
) -> None:
    message = shopper.offer()
    change(sale, LATER, the_deal(sale), price=100)
    change(sale, LATER + MINUTE, the_deal(sale), price=499)
    clock.move_to(LATER + 15 * MINUTE)
    assert is_taken(shopper, forged(message, issued, amount=100)) is expected
    assert not is_taken(shopper, forged(message, issued, amount=99))


def test_an_offer_of_the_second_in_which_its_price_was_lowered_stays_held(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    lowered, raised = OPENS + timedelta(seconds=9.2), OPENS + timedelta(seconds=9.6)
    change(sale, lowered, the_deal(sale), price=100)
    clock.move_to(OPENS + timedelta(seconds=9.4))
    message = shopper.offer()
    assert read(message).issued_at == int((OPENS + 9 * SECOND).timestamp())
    change(sale, raised, the_deal(sale), price=499)
    clock.move_to(OPENS + 10 * MINUTE)
    assert is_taken(shopper, message)
    assert not is_taken(shopper, forged(message, amount=99))


def test_a_price_that_was_lowered_bounds_older_offers_too(sale: Sale, shopper: ShopClient) -> None:
    message = shopper.offer()
    change(sale, OPENS + HOLD, the_deal(sale), price=100)
    assert is_taken(shopper, forged(message, amount=100))
    assert not is_taken(shopper, forged(message, amount=99))


def test_two_prices_of_one_instant_both_stay_held(sale: Sale, shopper: ShopClient) -> None:
    """A clock that is stopped may show the first of them for hours."""
    change(sale, OPENS, the_deal(sale), price=100)
    message = shopper.offer()
    change(sale, OPENS, the_deal(sale), price=499)
    assert is_taken(shopper, message)


def test_a_price_that_a_document_has_raised_stays_held(
    db: None, shopper: ShopClient, clock: Clock
) -> None:
    load_sale(read_document(autumn_with(price=499)), now=OPENS)
    message = shopper.offer()
    clock.move_to(OPENS + MINUTE)
    load_sale(read_document(autumn_with(price=999, max_per_shopper=1)), now=OPENS + MINUTE)
    assert is_taken(shopper, message)
    assert not is_taken(shopper, forged(message, amount=498))
    assert not is_taken(shopper, forged(message, OPENS + MINUTE + AFTER))


def test_a_row_that_was_changed_by_hand_takes_back_nothing_that_is_on_record(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    first = shopper.offer()
    Deal.objects.update(price=999, max_per_shopper=1)
    Sale.objects.update(hold_seconds=60)
    assert is_taken(shopper, first)
    change(sale, OPENS + MINUTE, the_deal(sale), price=700)
    clock.move_to(OPENS + MINUTE + AFTER + MINUTE)
    second = shopper.offer()
    Deal.objects.update(price=999)
    assert is_taken(shopper, second)
    assert not is_taken(shopper, forged(second, amount=699))


# --- Holds and limits ---------------------------------------------------------


@while_a_page_may_show_it
@pytest.mark.parametrize("field", ["hold_seconds", "max_per_shopper"])
def test_a_hold_or_a_limit_that_was_shortened_stays_as_promised(
    sale: Sale, shopper: ShopClient, clock: Clock, field: str, issued: datetime, expected: bool
) -> None:
    message = shopper.offer()
    if field == "hold_seconds":
        change(sale, LATER, hold_seconds=60)
    else:
        change(sale, LATER, the_deal(sale), max_per_shopper=1)
    assert is_taken_if_issued(issued, message, shopper, clock) is expected


def test_a_hold_that_was_prolonged_and_shortened_again_stays_as_promised(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    change(sale, OPENS + MINUTE, hold_seconds=7200)
    clock.move_to(OPENS + MINUTE)
    message = shopper.offer()
    change(sale, OPENS + 2 * MINUTE, hold_seconds=1800)
    clock.move_to(OPENS + MINUTE + timedelta(seconds=7199))
    assert is_taken(shopper, message)
    longer = read(message).expires_at + 1
    assert not is_taken(shopper, forged(message, expires_at=longer))


def test_an_extension_makes_no_hold_too_long(sale: Sale, shopper: ShopClient, clock: Clock) -> None:
    message = shopper.offer()
    extend(sale=sale, seconds=3600, by=None, now=OPENS + SECOND)
    clock.move_to(OPENS + HOLD + timedelta(seconds=3599))
    assert is_taken(shopper, message)


# --- Pages that are old, and clocks that differ -------------------------------


def test_a_page_that_was_as_old_as_may_be_is_believed_also_by_the_fastest_clock(
    sale: Sale, shopper: ShopClient, clock: Clock, settings: Settings
) -> None:
    """It read the price just before that was raised."""
    browser, old = read(shopper.offer()).shopper, shown()
    change(sale, OPENS + SECOND, the_deal(sale), price=999)
    issued = OPENS + timedelta(seconds=settings.SHOWCASE_MAX_STALE) + BEFORE
    message = freeze(old, shopper=browser, now=issued)
    clock.move_to(issued)
    assert is_taken(shopper, message)


def test_a_server_that_is_a_minute_behind_is_believed(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    """It showed a price that was lowered at 12:10, when its own clock said 12:09."""
    clock.move_to(OPENS + 10 * MINUTE)
    change(sale, OPENS + 10 * MINUTE, the_deal(sale), price=100)
    new = shown()
    browser = read(shopper.offer()).shopper
    message = freeze(new, shopper=browser, now=OPENS + 9 * MINUTE)
    change(sale, OPENS + 11 * MINUTE, the_deal(sale), price=499)
    assert is_taken(shopper, message)


def test_a_clock_that_is_a_minute_ahead_is_believed(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    clock.move_to(OPENS + 11 * MINUTE)
    message = shopper.offer()
    clock.move_to(OPENS + 10 * MINUTE)
    change(sale, OPENS + 10 * MINUTE, the_deal(sale), price=999)
    assert is_taken(shopper, message)


# --- Sales that are moved, hidden, withdrawn ----------------------------------


@pytest.mark.parametrize("act", ["moved", "hidden", "hidden and shown", "canceled", "withdrawn"])
def test_what_becomes_of_a_sale_makes_no_promise_forged(
    sale: Sale, shopper: ShopClient, clock: Clock, act: str
) -> None:
    message, at = shopper.offer(), OPENS + MINUTE
    clock.move_to(at)
    match act:
        case "moved":
            later = timedelta(days=7)
            change(sale, at, starts_at=OPENS + later, ends_at=CLOSES + later)
        case "hidden":
            unpublish(sale, now=at)
        case "hidden and shown":
            unpublish(sale, now=at)
            change(sale, at, the_deal(sale), price=999)
            publish(sale, now=at + MINUTE)
        case "canceled":
            cancel(sale, now=at)
        case "withdrawn":
            change(sale, at, the_deal(sale), withdrawn=True)
    clock.move_to(OPENS + HOLD - SECOND)
    assert is_taken(shopper, message)
    assert not is_taken(shopper, forged(message, amount=498))


def test_the_slip_of_a_draft_is_no_price_that_was_on_show(
    db: None, shopper: ShopClient, clock: Clock
) -> None:
    clock.move_to(OPENS)
    sale = make_sale(starts_at=OPENS, ends_at=CLOSES)
    Sale.objects.update(state=Sale.State.DRAFT, published_at=None)
    change(sale, OPENS + MINUTE, the_deal(sale), price=1)
    change(sale, OPENS + 2 * MINUTE, the_deal(sale), price=499)
    clock.move_to(OPENS + 4 * MINUTE)
    publish(Sale.objects.get(), now=OPENS + 4 * MINUTE)
    message = shopper.offer()
    assert is_taken(shopper, message)
    assert not is_taken(shopper, forged(message, OPENS + MINUTE, amount=1))
    assert not is_taken(shopper, forged(message, OPENS + 2 * MINUTE, amount=1))


def test_a_renewed_offer_is_no_forgery_after_any_change(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    shopper.add(shopper.offer())
    clock.move_to(OPENS + 10 * MINUTE)
    change(sale, OPENS + 10 * MINUTE, the_deal(sale), price=300)
    assert shopper.bag().lines == {"MUG-01": 300}
    change(sale, OPENS + 11 * MINUTE, the_deal(sale), price=499)
    clock.move_to(OPENS + 10 * MINUTE + HOLD - SECOND)
    page = shopper.bag()
    assert (page.lines, page.verdicts) == ({"MUG-01": 300}, [])


def test_what_the_record_does_not_bound_expires_as_ever(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    message = shopper.offer()
    change(sale, OPENS + MINUTE, the_deal(sale), price=999)
    clock.move_to(OPENS + timedelta(days=20))
    assert shopper.add(message).verdicts == ["expired"]


# --- List prices --------------------------------------------------------------


def at_list(shopper: ShopClient) -> str:
    showcase.clear()
    return shopper.open("/products/mug-01/").offers["MUG-01"]


@while_a_page_may_show_it
def test_a_list_price_that_was_raised_stays_held_while_a_page_could_show_it(
    sale: Sale, shopper: ShopClient, clock: Clock, issued: datetime, expected: bool
) -> None:
    clock.move_to(CLOSES)
    message = at_list(shopper)
    set_list_price(mug(), 9990, now=LATER)
    assert is_taken_if_issued(issued, message, shopper, clock) is expected


@around_one_minute
def test_a_list_price_of_a_minute_was_promised_around_that_minute_alone(
    sale: Sale, shopper: ShopClient, clock: Clock, issued: datetime, expected: bool
) -> None:
    clock.move_to(CLOSES)
    message = at_list(shopper)
    set_list_price(mug(), 100, now=LATER)
    set_list_price(mug(), 4990, now=LATER + MINUTE)
    clock.move_to(LATER + 15 * MINUTE)
    assert is_taken(shopper, forged(message, issued, amount=100)) is expected


def test_two_list_prices_of_one_instant_both_stay_held(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    clock.move_to(CLOSES)
    set_list_price(mug(), 100, now=CLOSES)
    message = at_list(shopper)
    for amount in (200, 4990):
        set_list_price(mug(), amount, now=CLOSES)
    assert is_taken(shopper, message)
    assert not is_taken(shopper, forged(message, amount=99))


def test_a_product_is_held_to_its_price_from_its_first_second_on(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    clock.move_to(CLOSES)
    message = at_list(shopper)
    PricePoint.objects.filter(product=mug()).update(since=CLOSES)
    for issued in (CLOSES - 20 * MINUTE, CLOSES):
        assert is_taken(shopper, forged(message, issued))
        assert not is_taken(shopper, forged(message, issued, amount=4989))


def test_a_list_price_that_nobody_recorded_bounds_nothing(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    clock.move_to(CLOSES)
    message = at_list(shopper)
    PricePoint.objects.all().delete()
    Product.objects.filter(sku="MUG-01").update(list_price=9990)
    assert is_taken(shopper, message)


def test_list_hold_and_limit_stay_as_promised_when_the_settings_change(
    sale: Sale, shopper: ShopClient, clock: Clock, settings: Settings
) -> None:
    clock.move_to(CLOSES)
    record_list_terms(CLOSES)
    record_list_terms(CLOSES)
    message = at_list(shopper)
    settings.LIST_HOLD_SECONDS, settings.LIST_MAX = 600, 5
    clock.move_to(CLOSES + MINUTE)
    record_list_terms(CLOSES + MINUTE)
    assert ListTerms.objects.count() == 2
    assert is_taken(shopper, message)
    assert not is_taken(shopper, forged(message, expires_at=read(message).expires_at + 1))
    assert not is_taken(shopper, forged(message, max=read(message).max + 1))


def test_list_hold_and_limit_of_old_settings_end_a_day_after_they_were_changed(
    sale: Sale, shopper: ShopClient, clock: Clock, settings: Settings
) -> None:
    """So long a process may go on that was started with them."""
    clock.move_to(CLOSES)
    record_list_terms(CLOSES)
    message = at_list(shopper)
    settings.LIST_HOLD_SECONDS = 600
    record_list_terms(CLOSES + MINUTE)
    last = CLOSES + MINUTE + timedelta(days=1) + AFTER
    for issued, expected in ((last - SECOND, True), (last, False)):
        assert is_taken_if_issued(issued, message, shopper, clock) is expected


# --- What the record does not know --------------------------------------------

BACKUP, RESTORED = OPENS + 5 * MINUTE, OPENS + 10 * MINUTE


def restore(clock: Clock) -> None:
    """The shop is restored, and all that was promised since the backup is honored."""
    clock.move_to(RESTORED)
    restoration = restorations.begin(backup_at=BACKUP, now=RESTORED)
    restorations.open_checkout(restoration, seen_until=0, now=RESTORED)
    for slug in ("autumn", "list"):
        row = restorations.row_of(restoration, slug)
        restorations.honor(row, restorations.SinceBackup(), now=RESTORED)
    showcase.clear()


def test_a_price_that_a_restored_database_has_forgotten_stays_held(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    clock.move_to(BACKUP + MINUTE)
    with forgotten():
        change(sale, BACKUP + MINUTE, the_deal(sale), price=100)
        message = shopper.offer()
    restore(clock)
    assert is_taken(shopper, message)


@pytest.mark.parametrize(
    ("issued", "expected"),
    [
        (BACKUP - BEFORE - SECOND, False),
        (BACKUP - BEFORE, True),
        (BACKUP, True),
        (RESTORED, True),
        (RESTORED + AFTER - SECOND, True),
        (RESTORED + AFTER, False),
    ],
)
@pytest.mark.parametrize("slug", ["autumn", "list"])
def test_the_record_bounds_nothing_that_may_be_of_the_time_that_was_forgotten(
    sale: Sale, shopper: ShopClient, clock: Clock, slug: str, issued: datetime, expected: bool
) -> None:
    message = shopper.offer() if slug == "autumn" else at_list(shopper)
    restore(clock)
    clock.move_to(RESTORED + 15 * MINUTE)
    assert is_taken(shopper, forged(message, issued, amount=10)) is expected


def test_a_partners_offer_is_not_held_to_the_shops_record(
    sale: Sale, shopper: ShopClient, settings: Settings
) -> None:
    keys = json.loads(settings.OFFER_KEYS)["keys"]
    partners = {**new_key("partner", "next"), "issuer": "partner:7"}
    settings.OFFER_KEYS = json.dumps({"keys": [*keys, partners]})
    offer = replace(read(shopper.offer()), amount=300)
    assert is_taken(shopper, tokens.sign_offer(offer, conf.ring()["partner"]))


# --- A clock that travels -----------------------------------------------------


@pytest.fixture
def travelling(settings: Settings, tmp_path: Path) -> None:
    settings.QA_CLOCK = True
    settings.QA_CLOCK_FILE = str(tmp_path / "clock.json")


@pytest.mark.usefixtures("travelling")
def test_a_clock_that_was_set_back_makes_no_forgeries(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    """By the record, 100 was the price from 12:14 on; the shop showed it at 12:01, too."""
    change(sale, OPENS + 14 * MINUTE, the_deal(sale), price=100)
    note_set_back(OPENS + 14 * MINUTE, OPENS + MINUTE)
    clock.move_to(OPENS + MINUTE)
    message = shopper.offer()
    clock.move_to(OPENS + 14 * MINUTE)
    change(sale, OPENS + 14 * MINUTE, the_deal(sale), price=499)
    assert is_taken(shopper, message)
    assert not is_taken(shopper, forged(message, amount=99))


@pytest.mark.usefixtures("travelling")
@while_a_page_may_show_it
def test_what_was_not_shown_twice_is_bound_by_the_record_all_the_same(
    sale: Sale, shopper: ShopClient, clock: Clock, issued: datetime, expected: bool
) -> None:
    message = shopper.offer()
    note_set_back(OPENS + 5 * MINUTE, OPENS)
    note_set_back(OPENS + 9 * MINUTE, OPENS + 6 * MINUTE)
    change(sale, LATER, the_deal(sale), price=999)
    assert is_taken_if_issued(issued, message, shopper, clock) is expected


@pytest.mark.parametrize(
    ("issued", "expected"),
    [
        (OPENS - BEFORE - SECOND, False),
        (OPENS - BEFORE, True),
        (OPENS + 9 * MINUTE + AFTER - SECOND, True),
        (OPENS + 9 * MINUTE + AFTER, False),
    ],
)
@pytest.mark.usefixtures("travelling")
def test_all_that_is_on_record_counts_for_times_that_were_shown_twice(
    sale: Sale, shopper: ShopClient, clock: Clock, issued: datetime, expected: bool
) -> None:
    message = shopper.offer()
    for amount in (100, 499):
        change(sale, OPENS + 24 * MINUTE, the_deal(sale), price=amount)
    note_set_back(OPENS + 5 * MINUTE, OPENS)
    note_set_back(OPENS + 9 * MINUTE, OPENS + 6 * MINUTE)
    clock.move_to(OPENS + 22 * MINUTE)
    assert is_taken(shopper, forged(message, issued, amount=100)) is expected
