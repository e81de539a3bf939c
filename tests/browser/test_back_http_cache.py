"""The way back to a page that a browser has not kept in memory, and reads from its cache once more.

That is how Playwright starts Chromium.
"""

import pytest
from playwright.sync_api import Page, expect

from shop.sales.models import Sale
from tests.browser.shopping import add, bag_count, deal, offers, open_sale

pytestmark = pytest.mark.browser


def test_the_bag_is_shown_as_it_is_by_now(page: Page, sale: Sale) -> None:
    open_sale(page)
    add(page, "MUG-01")
    bag_count(page).click()
    expect(page.locator("[data-sku]")).to_have_count(1)
    page.go_back()
    expect(bag_count(page)).to_have_text("1")
    expect(page.locator("#bag-bar")).to_contain_text("€4.99")
    add(page, "LMP-01")
    expect(bag_count(page)).to_have_text("2")


def test_the_page_shows_the_very_same_promises(page: Page, sale: Sale) -> None:
    open_sale(page)
    before = offers(page)
    add(page, "MUG-01")
    bag_count(page).click()
    expect(page.locator("[data-sku]")).to_have_count(1)
    page.go_back()
    expect(deal(page, "MUG-01")).to_be_visible()
    assert offers(page) == before
