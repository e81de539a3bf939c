"""The way back to a page that a browser has kept in memory, scripts and all."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from shop.sales.models import Sale
from tests.browser.conftest import PHONE, OpenBrowser, launched
from tests.browser.shopping import add, add_button, bag_count, deal, lines, offers, open_sale

# Each waits for clocks: in `make verify`.
pytestmark = [pytest.mark.browser, pytest.mark.verify]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """With the memory for pages left that Playwright takes away."""
    with launched(ignore_default_args=["--disable-back-forward-cache"]) as browser:
        yield browser


def go_back(page: Page) -> None:
    # What comes from memory does not load.
    page.go_back(wait_until="commit")
    expect(deal(page, "MUG-01")).to_be_visible()


def came_from_memory(page: Page) -> bool:
    return bool(page.evaluate("globalThis.wasHere === true"))


def remember(page: Page) -> None:
    page.evaluate("globalThis.wasHere = true")


def test_from_memory_the_page_shows_the_very_same_promises(page: Page, sale: Sale) -> None:
    open_sale(page)
    remember(page)
    before = offers(page)
    add(page, "MUG-01")
    bag_count(page).click()
    expect(page.locator("[data-sku]")).to_have_count(1)
    go_back(page)
    assert came_from_memory(page)
    assert offers(page) == before
    expect(bag_count(page)).to_have_text("1")
    expect(page.locator("#bag-bar")).to_contain_text("€4.99")
    add(page, "LMP-01")
    expect(bag_count(page)).to_have_text("2")


def test_from_memory_the_bag_is_shown_as_it_is_by_now(page: Page, sale: Sale) -> None:
    open_sale(page)
    add(page, "MUG-01")
    bag_count(page).click()
    expect(page.locator("[data-sku]")).to_have_count(1)
    remember(page)
    go_back(page)
    add(page, "LMP-01")
    page.go_forward(wait_until="commit")
    expect(page).to_have_url("/bag/")
    expect(page.locator("[data-sku]")).to_have_count(2)
    assert came_from_memory(page)
    assert lines(page) == {"MUG-01": 499, "LMP-01": 790}


def test_what_another_tab_did_shows_on_the_way_back(phone: BrowserContext, sale: Sale) -> None:
    page, other = phone.new_page(), phone.new_page()
    for tab in (page, other):
        open_sale(tab)
    remember(page)
    page.goto("/")
    add(other, "MUG-01")
    go_back(page)
    assert came_from_memory(page)
    expect(bag_count(page)).to_have_text("1")
    expect(page.locator("#bag-bar")).to_contain_text("€4.99")


def test_without_scripts_the_promises_are_the_same(open_browser: OpenBrowser, sale: Sale) -> None:
    page = open_browser(viewport=PHONE, java_script_enabled=False).new_page()
    open_sale(page)
    before = offers(page)
    add_button(page, "MUG-01").click()
    expect(page.locator("[data-sku]")).to_have_count(1)
    go_back(page)
    assert offers(page) == before
