"""Every page that says whether prices of a sale are held says what the judge would."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from shop.qa.pytest_plugin.back_office import Merchant, page_of
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS, make_product
from shop.sales.hold_end import last_hold_ends_at
from shop.sales.holds import extend, recall
from shop.sales.lifecycle import cancel, publish, unpublish
from shop.sales.models import Deal, Sale
from shop.sales.showcase import showcase
from tests.support.factories import change
from tests.support.fixtures import Clock

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
ROOM, REPORT = "/merchant/sales/autumn/live/", "/merchant/sales/autumn/report/"

#: Each page, and what it says while a price of a closed sale is still held.
PAGES = {
    "/sales/autumn/": "Prices shown before that are held",
    "/": "prices are still held",
    "/merchant/": "Its prices are held until",
    "/merchant/sales/sale/": "over, prices held",
    ROOM: "Prices are held for",
    REPORT: "its prices are held until",
}


def says_held(page: str, at: datetime, clock: Clock, merchant: Merchant) -> bool:
    clock.move_to(at)
    showcase.clear()
    visitor = merchant if page.startswith("/merchant/") else ShopClient()
    return PAGES[page] in visitor.open(page).text


def hold_shorter(sale: Sale) -> datetime:
    """What was shown before still has the longer hold, and outlives what was shown last."""
    change(sale, CLOSES - MINUTE, hold_seconds=60)
    return CLOSES - MINUTE + HOLD


def close_earlier(sale: Sale) -> datetime:
    """The new close is past when it is chosen: pages were opened until then."""
    change(sale, OPENS + 5 * MINUTE, ends_at=OPENS + 4 * MINUTE)
    return OPENS + 5 * MINUTE + HOLD


def open_later(sale: Sale) -> datetime:
    """It opens for a minute and a shorter hold once more; the first minutes outlive that."""
    change(sale, OPENS + 5 * MINUTE, starts_at=CLOSES - MINUTE, hold_seconds=60)
    return OPENS + 5 * MINUTE + HOLD


def hide_and_show(sale: Sale) -> datetime:
    """It is shown again when its window is over: the hidden minutes made no offers."""
    unpublish(sale, now=OPENS + 5 * MINUTE)
    publish(sale, now=CLOSES)
    return OPENS + 5 * MINUTE + HOLD


def withdraw(sale: Sale) -> datetime:
    """A deal that was withdrawn keeps its holds; the others had none that were longer."""
    for deal in sale.deals.all():
        change(sale, OPENS + 10 * MINUTE, deal, withdrawn=True)
    return OPENS + 10 * MINUTE + HOLD


def recall_all_deals_singly(sale: Sale) -> datetime:
    for minute, deal in enumerate(sale.deals.all(), start=1):
        at = CLOSES + minute * MINUTE
        recall(sale=sale, deal=deal, reason="A slip", by=None, now=at)
    return CLOSES + 2 * MINUTE


def recall_one_deal_of_two(sale: Sale) -> datetime:
    recall(sale=sale, deal=sale.deals.first(), reason="A slip", by=None, now=CLOSES + MINUTE)
    return CLOSES + HOLD


def recall_from_an_instant_on(sale: Sale) -> datetime:
    """What was shown before the mistake stays held."""
    at = CLOSES + MINUTE
    recall(sale=sale, reason="A slip", by=None, now=at, issued_from=OPENS + 10 * MINUTE)
    return OPENS + 10 * MINUTE + HOLD


def extend_for_long(sale: Sale) -> datetime:
    extend(sale=sale, seconds=3600, by=None, now=CLOSES + MINUTE)
    return CLOSES + HOLD + HOUR


@pytest.mark.parametrize(
    "act",
    [
        hold_shorter,
        close_earlier,
        open_later,
        hide_and_show,
        withdraw,
        recall_all_deals_singly,
        recall_one_deal_of_two,
        recall_from_an_instant_on,
        extend_for_long,
    ],
)
def test_pages_say_held_until_the_last_price_runs_out_and_not_a_second_longer(
    act: Callable[[Sale], datetime], sale: Sale, merchant: Merchant, clock: Clock
) -> None:
    end = act(sale)
    assert last_hold_ends_at(Sale.objects.get()) == end
    pages = [each for each in PAGES if says_held(each, end - SECOND, clock, merchant)]
    assert pages == list(PAGES)
    assert not [each for each in PAGES if says_held(each, end, clock, merchant)]


@pytest.mark.parametrize("end", [unpublish, cancel])
def test_a_sale_that_was_taken_down_before_it_opened_never_held_a_price(
    end: Callable[..., object], sale: Sale, merchant: Merchant, clock: Clock
) -> None:
    end(sale, now=OPENS - MINUTE)
    for at in (OPENS - SECOND, OPENS + MINUTE):
        clock.move_to(at)
        for page in (ROOM, REPORT):
            text = merchant.open(page).text
            assert not [
                each for each in ("are held", "held until", "is open until") if each in text
            ]


def test_a_sale_that_was_hidden_and_then_canceled_made_its_last_offer_when_it_was_hidden(
    sale: Sale, merchant: Merchant, clock: Clock
) -> None:
    unpublish(sale, now=OPENS + 2 * MINUTE)
    cancel(sale, now=OPENS + 10 * MINUTE)
    end = OPENS + 2 * MINUTE + HOLD
    clock.move_to(end - SECOND)
    assert "canceled, prices held" in merchant.open("/merchant/sales/sale/").text
    assert "canceled, and its prices are held until 12:32" in merchant.open(REPORT).text
    clock.move_to(end)
    assert "prices held" not in merchant.open("/merchant/sales/sale/").text
    assert "held until" not in merchant.open(REPORT).text.partition("Refused")[0]


def test_a_live_sale_whose_deals_are_all_withdrawn_is_not_called_over(
    sale: Sale, merchant: Merchant, clock: Clock
) -> None:
    for deal in sale.deals.all():
        change(sale, OPENS + MINUTE, deal, withdrawn=True)
    clock.move_to(OPENS + 2 * MINUTE)
    page = ShopClient().open("/sales/autumn/").text
    assert "The sale is over" not in page
    assert "Nothing is offered in it now" in page
    assert "Prices shown before that are held" in page


def test_a_list_of_what_is_just_over_has_every_sale_whose_prices_are_held(
    sale: Sale, clock: Clock
) -> None:
    """Also when six others closed after it."""
    extend(sale=sale, seconds=36_000, by=None, now=CLOSES)
    for number in range(7):
        opens, closes = CLOSES + number * MINUTE, CLOSES + (number + 1) * MINUTE
        later = Sale(
            slug=f"later-{number}", title=f"Later {number}", starts_at=opens, ends_at=closes
        )
        later.hold_seconds = 1
        later.save()
        product = make_product(f"P-{number}", f"Product {number}")
        Deal.objects.create(sale=later, product=product, price=100)
        publish(later, now=OPENS)
    clock.move_to(CLOSES + 10 * MINUTE)
    page = ShopClient().open("/").text
    assert "Autumn" in page and "prices are still held" in page
    clock.move_to(CLOSES + HOLD + timedelta(hours=10))
    showcase.clear()
    assert "Autumn" not in ShopClient().open("/").text


@pytest.mark.parametrize("act", [extend_for_long, recall_all_deals_singly])
def test_the_form_of_a_sale_that_is_over_says_what_was_promised_and_not_what_is_honored(
    act: Callable[[Sale], datetime], sale: Sale, merchant: Merchant, clock: Clock
) -> None:
    """That may be longer by now, or nothing."""
    act(sale)
    clock.move_to(CLOSES + 5 * MINUTE)
    page = merchant.open(page_of(sale)).text
    assert "was promised its prices until 12:45, Berlin time. That is over." in page
    assert "is honored until" not in page
