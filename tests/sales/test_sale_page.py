"""The sale page: what is promised when, by a page that asks and writes nothing."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from offers.anchors import OfferState, judge
from offers.verdicts import Verdict
from shop.catalog.models import Variant
from shop.qa.pytest_plugin.client import ShopClient, read
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS, add_deal, make_product
from shop.sales.models import Deal, Sale
from shop.sales.showcase import showcase
from tests.support.fixtures import Clock

SECOND = timedelta(seconds=1)


def test_a_second_early_nothing_is_offered(sale: Sale, shopper: ShopClient, clock: Clock) -> None:
    clock.move_to(OPENS - SECOND)
    page = shopper.open("/sales/autumn/")
    assert page.status == 200
    assert page.offers == {}
    assert "12:00, Berlin time" in page.text


def test_the_first_second_of_the_window_offers_every_deal(sale: Sale, shopper: ShopClient) -> None:
    assert shopper.open("/sales/autumn/").offers.keys() == {"MUG-01", "LMP-01"}


def test_an_offer_says_what_the_page_said(sale: Sale, shopper: ShopClient) -> None:
    page = shopper.open("/sales/autumn/")
    offer = read(page.offers["MUG-01"])
    assert (offer.amount, offer.currency, offer.was, offer.max) == (499, "EUR", 4990, 2)
    assert offer.held_until == OPENS + HOLD
    assert page.one("time[data-held-until]")["datetime"] == "2026-11-27T11:30:00Z"
    assert page.one("time[data-window-ends]")["datetime"] == "2026-11-27T11:15:00Z"


def test_an_offer_of_the_last_second_lives_a_whole_hold_past_the_window(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    clock.move_to(CLOSES - SECOND)
    assert read(shopper.offer()).held_until == CLOSES - SECOND + HOLD


def test_the_second_it_ends_has_no_offers(sale: Sale, shopper: ShopClient, clock: Clock) -> None:
    clock.move_to(CLOSES)
    page = shopper.open("/sales/autumn/")
    assert page.offers == {}
    assert "over" in page.text


def test_a_warm_page_runs_no_query(sale: Sale, shopper: ShopClient) -> None:
    shopper.open("/sales/autumn/")
    with CaptureQueriesContext(connection) as queries:
        assert shopper.open("/sales/autumn/").offers
    assert len(queries) == 0


def test_a_cold_page_asks_once_and_writes_nothing(sale: Sale, shopper: ShopClient) -> None:
    showcase.clear()
    with CaptureQueriesContext(connection) as queries:
        shopper.open("/sales/autumn/")
    assert len(queries) == 1
    assert queries[0]["sql"].lstrip("( ").startswith("SELECT")


def test_two_shoppers_are_given_offers_of_their_own(
    sale: Sale, shopper: ShopClient, another_shopper: ShopClient
) -> None:
    mine, theirs = read(shopper.offer()), read(another_shopper.offer())
    assert mine.shopper != theirs.shopper
    assert mine.id != theirs.id


def test_the_page_is_private_and_kept_for_the_back_button(sale: Sale, shopper: ShopClient) -> None:
    answer = shopper.client.get("/sales/autumn/")
    directives = {each.strip() for each in answer["Cache-Control"].split(",")}
    assert directives == {"private", "no-cache"}


@pytest.fixture
def outage(sale: Sale, shopper: ShopClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database goes away after a first page."""
    shopper.open("/sales/autumn/")

    def away(*_: object) -> None:
        raise DatabaseError("the database is away")

    monkeypatch.setattr(showcase, "_read", away)
    monkeypatch.setattr(showcase, "_tried_at", float("-inf"))


def test_a_page_during_an_outage_serves_and_its_offers_verify(
    outage: None, shopper: ShopClient
) -> None:
    page = shopper.open("/sales/autumn/")
    offer = read(page.offers["MUG-01"])
    state = OfferState(anchor=offer.anchor)
    verdict = judge(offer, now=OPENS, shoppers=[offer.shopper], state=state, quantity=1)
    assert verdict is Verdict.HONORED


def test_an_outage_that_lasts_too_long_is_said(
    outage: None, shopper: ShopClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(showcase, "_read_at", showcase._read_at - 601)
    answer = shopper.client.get("/sales/autumn/")
    assert answer.status_code == 503
    assert answer["Retry-After"]


def test_a_price_that_the_merchant_changes_shows_within_a_second(
    sale: Sale, shopper: ShopClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    shopper.open("/sales/autumn/")
    Deal.objects.filter(product__sku="MUG-01").update(price=599)
    monkeypatch.setattr(showcase, "_tried_at", showcase._tried_at - 1)
    assert read(shopper.open("/sales/autumn/").offers["MUG-01"]).amount == 599


def test_a_draft_is_not_found(sale: Sale, shopper: ShopClient) -> None:
    Sale.objects.filter(pk=sale.pk).update(state=Sale.State.DRAFT)
    showcase.clear()
    assert shopper.open("/sales/autumn/").status == 404


def test_a_withdrawn_deal_is_not_shown(sale: Sale, shopper: ShopClient) -> None:
    Deal.objects.filter(product__sku="LMP-01").update(withdrawn=True)
    showcase.clear()
    assert shopper.open("/sales/autumn/").offers.keys() == {"MUG-01"}


def test_a_sale_whose_deals_are_all_withdrawn_is_not_called_over_before_its_close(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    Deal.objects.update(withdrawn=True)
    clock.move_to(CLOSES - timedelta(seconds=1))
    showcase.clear()
    page = shopper.open("/sales/autumn/")
    assert "Nothing is offered in it now. The sale closes at 12:15, Berlin time" in page.text
    assert "over" not in page.text
    clock.move_to(CLOSES)
    assert "The sale is over. It closed at 12:15" in shopper.open("/sales/autumn/").text


def test_a_sale_of_long_ago_has_its_page(sale: Sale, shopper: ShopClient, clock: Clock) -> None:
    clock.move_to(CLOSES + timedelta(days=400))
    assert "over" in shopper.open("/sales/autumn/").text


def test_a_product_is_offered_at_its_list_price_outside_any_window(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    clock.move_to(CLOSES)
    offer = read(shopper.open("/products/mug-01/").offers["MUG-01"])
    assert (offer.sale, offer.amount) == ("list", 4990)


def test_a_product_page_offers_the_deal_of_a_live_sale(sale: Sale, shopper: ShopClient) -> None:
    offer = read(shopper.open("/products/mug-01/").offers["MUG-01"])
    assert (offer.sale, offer.amount) == ("autumn", 499)


def test_a_product_kept_for_sales_alone_is_not_offered_outside_them(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    product = make_product("POT-01", "Enamel pot", sold_at_list_price=False)
    add_deal(sale, product, 999)
    clock.move_to(CLOSES)
    showcase.clear()
    assert shopper.open("/products/pot-01/").offers == {}


def test_a_page_view_sets_one_cookie_for_the_shopper_and_no_other_but_the_forms_own(
    sale: Sale, shopper: ShopClient
) -> None:
    shopper.open("/sales/autumn/")
    names = {name.partition("-")[0] for name in shopper.client.cookies}
    assert names == {"shopper", "csrftoken"}


def test_the_home_page_groups_sales_by_phase(sale: Sale, shopper: ShopClient, clock: Clock) -> None:
    for instant in (OPENS - SECOND, OPENS, CLOSES):
        clock.move_to(instant)
        assert "/sales/autumn/" in shopper.open("/").html


def test_a_calendar_takes_an_upcoming_sale(sale: Sale, shopper: ShopClient, clock: Clock) -> None:
    clock.move_to(OPENS - SECOND)
    assert shopper.open("/sales/autumn/").one('a[href="/sales/autumn/reminder.ics"]')
    answer = shopper.client.get("/sales/autumn/reminder.ics")
    assert answer["Content-Type"] == "text/calendar"
    assert "DTSTART:20261127T110000Z" in answer.content.decode()
    assert "TRIGGER:-PT10M" in answer.content.decode()


@pytest.mark.parametrize(
    ("supply", "claimed", "text"),
    [
        (100, 0, "All still here"),
        (1000, 9, "Under 1% claimed"),
        (100, 1, "1% claimed"),
        (9, 0, "All still here, 9 left"),
        (100, 91, "91% claimed, 9 left"),
        (100, 100, "All are claimed."),
    ],
)
def test_a_tile_says_how_much_is_claimed_and_never_0_percent(
    sale: Sale, shopper: ShopClient, supply: int, claimed: int, text: str
) -> None:
    Variant.objects.filter(sku="MUG-01").update(stock=supply, claimed=claimed)
    Deal.objects.filter(product__sku="MUG-01").update(allocation=None, claimed=claimed)
    showcase.clear()
    tile = shopper.open("/sales/autumn/").one("[data-deal='autumn/MUG-01'] .small")
    assert tile.get_text().split(" Some may")[0] == text


def test_a_reduction_is_never_overstated(sale: Sale, shopper: ShopClient) -> None:
    Deal.objects.filter(product__sku="MUG-01").update(price=500)
    assert "€5.00 before: €49.90 −89%" in shopper.open("/sales/autumn/").text
