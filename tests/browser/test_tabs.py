"""Two tabs, two clicks, two devices: nothing is lost, and nothing is had twice."""

import re
from threading import Barrier, Event
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from shop.bag import operations
from shop.orders.models import Order
from shop.sales.models import Sale
from shop.sales.showcase import sale_on_show
from tests.browser.conftest import OpenBrowser
from tests.browser.shopping import (
    add,
    bag_count,
    check_out,
    enter_card,
    expect_paid,
    fill_address,
    lines,
    open_sale,
    pay_button,
    quantities,
)

pytestmark = pytest.mark.browser


@pytest.fixture
def first_add_waits(monkeypatch: pytest.MonkeyPatch) -> Event:
    """The shop is slow to answer the first request to add, until this is set."""
    go_on, add, calls = Event(), operations.add, iter([True])

    def slowly(*args: Any, **kwargs: Any) -> Any:
        if next(calls, False):
            go_on.wait(10)
        return add(*args, **kwargs)

    monkeypatch.setattr(operations, "add", slowly)
    return go_on


@pytest.fixture
def visits_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two visits of a sale page are both in the shop before either is answered."""
    both = Barrier(2, timeout=10)
    meetings = iter([True, True])

    def together(*args: Any) -> Any:
        if next(meetings, False):
            both.wait()
        return sale_on_show(*args)

    monkeypatch.setattr("shop.sales.views.sale_on_show", together)


def click(page: Page, *skus: str) -> None:
    """Click 'Add to bag' of each deal at once, and wait for nothing."""
    page.evaluate(
        """skus => skus.forEach(sku =>
          document.querySelector(`[data-deal$='/${sku}'] form button`).click())""",
        list(skus),
    )


def verdicts(page: Page) -> list[str]:
    refused = page.locator("[data-verdict]")
    return [str(each.get_attribute("data-verdict")) for each in refused.all()]


@pytest.mark.usefixtures("visits_meet")
def test_two_tabs_of_a_first_visit_both_count(phone: BrowserContext, sale: Sale, shop: str) -> None:
    tabs = [phone.new_page(), phone.new_page()]
    for number, tab in enumerate(tabs):
        tab.evaluate("url => { location.href = url; }", f"{shop}/sales/autumn/?tab={number}")
    for tab in tabs:
        expect(tab.locator("[data-deal]").first).to_be_visible()
    add(tabs[0], "MUG-01")
    add(tabs[1], "LMP-01")
    for tab in tabs:
        tab.goto("/bag/")
        assert lines(tab) == {"MUG-01": 499, "LMP-01": 790}
        assert verdicts(tab) == []
    check_out(tabs[0])
    expect_paid(tabs[0])
    assert Order.objects.get().total == 499 + 790


def test_two_clicks_at_once_both_count(page: Page, sale: Sale, first_add_waits: Event) -> None:
    open_sale(page)
    click(page, "MUG-01", "LMP-01")
    first_add_waits.set()
    expect(bag_count(page)).to_have_text("2")
    page.goto("/bag/")
    assert lines(page) == {"MUG-01": 499, "LMP-01": 790}


def test_clicks_in_two_tabs_at_once_are_both_in_the_bag(
    phone: BrowserContext, sale: Sale, first_add_waits: Event
) -> None:
    tabs = [phone.new_page(), phone.new_page()]
    for tab in tabs:
        open_sale(tab)
    click(tabs[0], "MUG-01")
    click(tabs[1], "LMP-01")
    first_add_waits.set()
    for tab in tabs:
        expect(bag_count(tab)).to_have_text(re.compile("[12]"))
    # Whichever came first.
    assert {bag_count(tab).inner_text() for tab in tabs} == {"1", "2"}
    tabs[0].goto("/bag/")
    assert lines(tabs[0]) == {"MUG-01": 499, "LMP-01": 790}


def test_a_double_click_adds_two_units(page: Page, sale: Sale, first_add_waits: Event) -> None:
    open_sale(page)
    click(page, "MUG-01", "MUG-01")
    first_add_waits.set()
    expect(bag_count(page)).to_have_text("2")
    page.goto("/bag/")
    assert quantities(page) == {"MUG-01": 2}


def test_a_second_devices_bag_says_what_was_ordered_and_offers_a_way_on(
    desktop: BrowserContext, open_browser: OpenBrowser, sale: Sale
) -> None:
    page = desktop.new_page()
    open_sale(page)
    add(page, "MUG-01")
    other = open_browser(storage_state=desktop.storage_state()).new_page()
    check_out(page)
    expect_paid(page)
    number = Order.objects.get().number

    other.goto("/bag/")
    assert verdicts(other) == ["used"]
    expect(other.locator("[data-verdict=used]")).to_contain_text("You have ordered this")
    expect(other.get_by_role("link", name="Check out")).to_have_count(0)
    other.get_by_role("link", name=f"order {number}").click()
    expect_paid(other)
    expect(other.locator("address")).to_contain_text("Ada Lovelace")
    # The order's page has taken out what was bought.
    other.goto("/bag/")
    expect(other.get_by_text("It is empty.")).to_be_visible()
    expect(other.get_by_role("link", name="See the sales")).to_be_visible()


def test_a_second_device_that_checks_out_what_was_bought_finds_the_order(
    desktop: BrowserContext, open_browser: OpenBrowser, sale: Sale
) -> None:
    page = desktop.new_page()
    open_sale(page)
    add(page, "MUG-01")
    other = open_browser(storage_state=desktop.storage_state()).new_page()
    for each in (page, other):
        each.goto("/checkout/")
        fill_address(each)
        enter_card(each)
    for each in (page, other):
        pay_button(each).click()
        expect_paid(each)
    assert other.url == page.url
    assert Order.objects.count() == 1
