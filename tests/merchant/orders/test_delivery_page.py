"""The page on which the merchant says where the shop delivers."""

import pytest
from django.contrib.admin.models import ADDITION, DELETION, LogEntry
from django.test import Client

from shop.orders.delivery_countries import AT_FIRST, change_delivery_countries, delivery_countries
from shop.orders.models import Order
from shop.qa.pytest_plugin.client import HtmlPage, ShopClient
from shop.qa.pytest_plugin.factories import OPENS
from shop.staff.models import Staff
from tests.support.fixtures import Card
from tests.support.outages import database_away

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/merchant/delivery/"


def page_of(browser: Client) -> HtmlPage:
    return HtmlPage.of(browser.get(PAGE), PAGE)


def save(browser: Client, page: HtmlPage, *, tick: str = "", untick: str = "") -> HtmlPage:
    """Change the ticks of a page as it was shown, and save it."""
    ticked = {str(each["value"]) for each in page.soup.select("[name=countries][checked]")}
    ticked = (ticked | set(tick.split())) - set(untick.split())
    shown = str(page.one("[name=shown]")["value"])
    form = {"countries": sorted(ticked), "shown": shown}
    return HtmlPage.of(browser.post(PAGE, form, follow=True), PAGE)


def test_a_new_shop_delivers_where_post_goes_and_its_own_country_stands_first(
    buyer: ShopClient,
) -> None:
    page = buyer.open("/checkout/")
    codes = [str(each["value"]) for each in page.soup.select("[name=country] option")]
    assert codes[0] == "DE"
    assert sorted(codes) == sorted(AT_FIRST)
    assert {"KP", "IR", "SY", "CU", "AQ"}.isdisjoint(codes)


@pytest.mark.parametrize("country", ["KP", "BR", "", "XX", "de"])
def test_nothing_is_ordered_to_where_the_shop_does_not_deliver(
    country: str, buyer: ShopClient, card: Card
) -> None:
    page = buyer.order(card(), country=country)
    assert page.status == 422
    assert not Order.objects.exists()
    assert page.one("[name=line1]")["value"] == "12 St James's Square"


def test_a_country_that_is_taken_away_cannot_be_chosen_any_more(
    buyer: ShopClient, another_shopper: ShopClient, card: Card, admin_client: Client
) -> None:
    assert buyer.order(card()).order_status == "paid"
    another_shopper.add(another_shopper.offer())
    page = save(admin_client, page_of(admin_client), untick="GB", tick="BR")
    assert "Added: Brazil. Taken away: United Kingdom." in page.text
    assert delivery_countries() == {*AT_FIRST, "BR"} - {"GB"}
    refused = another_shopper.order(card(), email="eve@example.org")
    assert refused.status == 422
    assert "We do not deliver to the United Kingdom. Nothing was ordered" in refused.text
    assert refused.one("[name=country] [selected]")["value"] == "GB"
    assert refused.one("[name=city]")["value"] == "London"
    assert Order.objects.get().country == "GB"
    assert "United Kingdom" in buyer.open(f"/orders/mine/{Order.objects.get().number}/").text


def test_an_order_that_is_there_is_paid_also_where_its_country_was_taken_away(
    buyer: ShopClient, card: Card, admin_client: Client
) -> None:
    assert buyer.order(card("pm_card_visa_chargeDeclined")).status == 422
    save(admin_client, page_of(admin_client), untick="GB")
    assert buyer.open("/checkout/").one("[name=country] [selected]")["value"] == "GB"
    assert buyer.order(card()).order_status == "paid"


def test_each_change_is_recorded_with_who_made_it(admin_client: Client) -> None:
    save(admin_client, page_of(admin_client), untick="GB", tick="BR")
    entries = LogEntry.objects.order_by("object_id").values_list(
        "object_id", "action_flag", "user__username"
    )
    assert list(entries) == [("BR", ADDITION, "admin"), ("GB", DELETION, "admin")]
    page = page_of(admin_client)
    assert "Brazil added by admin" in page.text
    assert "United Kingdom taken away by admin" in page.text


def test_two_editors_lose_nothing_of_each_other(admin_client: Client) -> None:
    page = page_of(admin_client)
    ada = Staff.objects.create(username="ada")
    change_delivery_countries(added=["BR"], taken_away=["FR"], by=ada, now=OPENS)
    save(admin_client, page, untick="GB", tick="MX")
    assert delivery_countries() == {*AT_FIRST, "BR", "MX"} - {"FR", "GB"}


def test_one_country_at_least_is_left(admin_client: Client) -> None:
    page = page_of(admin_client)
    answer = save(admin_client, page, untick=" ".join(AT_FIRST))
    assert answer.status == 422
    assert "Leave one country at least" in answer.text
    assert delivery_countries() == set(AT_FIRST)


def test_the_checkout_of_an_outage_shows_the_countries_that_were_last_read(
    buyer: ShopClient, admin_client: Client
) -> None:
    save(admin_client, page_of(admin_client), tick="BR")
    buyer.open("/checkout/")
    with database_away():
        page = buyer.open("/checkout/")
    assert page.status == 503
    assert page.soup.select_one("[name=country] [value=BR]")
