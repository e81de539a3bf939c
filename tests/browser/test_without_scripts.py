"""Without JavaScript: prices, times and the bag are there; paying says what it needs."""

import re
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from shop.qa.pytest_plugin.factories import add_deal, make_product
from shop.sales.models import Sale
from shop.sales.showcase import showcase
from tests.browser.conftest import PHONE, OpenBrowser
from tests.browser.shopping import add_button, bag_count, deal, lines, open_sale, quantities

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_browser: OpenBrowser) -> Page:
    return open_browser(viewport=PHONE, java_script_enabled=False).new_page()


def test_the_instants_of_a_sale_are_told_with_their_zone(page: Page, sale: Sale) -> None:
    open_sale(page)
    closes = f"{sale.ends_at.astimezone(ZoneInfo('Europe/Berlin')):%H:%M}"
    for instant in ("window-ends", "held-until"):
        told = page.locator(f"[data-clocks] [data-{instant}]")
        expect(told).to_be_visible()
        expect(told).to_have_text(re.compile(r"\d\d:\d\d, .*Berlin time"))
        expect(told).to_have_attribute("datetime", re.compile(r"T\d\d:\d\d:\d\dZ$"))
    expect(page.locator("[data-window-ends]")).to_contain_text(closes)
    expect(page.locator("[data-countdown]")).to_be_hidden()
    expect(page.get_by_text("The sale closes at")).to_be_visible()


def test_a_bag_is_filled_and_changed_by_plain_forms(page: Page, sale: Sale) -> None:
    open_sale(page)
    add_button(page, "MUG-01").click()
    page.wait_for_url("/bag/")
    assert lines(page) == {"MUG-01": 499}
    page.get_by_label("Quantity of Stoneware mug").fill("2")
    page.get_by_role("button", name="Change").click()
    expect(page.locator(".sum")).to_have_text("€9.98")
    expect(bag_count(page)).to_have_text("2")

    open_sale(page)
    add_button(page, "LMP-01").click()
    page.wait_for_url("/bag/")
    assert quantities(page) == {"MUG-01": 2, "LMP-01": 1}
    page.get_by_role("button", name="Remove Stoneware mug").click()
    expect(page.locator("[data-sku]")).to_have_count(1)
    assert lines(page) == {"LMP-01": 790}
    page.get_by_role("button", name="Remove Brass lamp").click()
    expect(page.get_by_text("It is empty.")).to_be_visible()


def test_a_size_is_chosen_by_a_plain_form(page: Page, sale: Sale) -> None:
    add_deal(sale, make_product("TEE-01", "Organic tee", variants={"M": 10, "L": 10}), 999)
    showcase.clear()
    page.goto("/products/tee-01/")
    page.get_by_label("Which one").select_option("L")
    page.get_by_role("button", name="Add to bag").click()
    page.wait_for_url("/bag/")
    expect(page.locator("[data-sku=TEE-01]")).to_contain_text("L")


def test_a_refusal_is_a_page_with_the_bag_as_it_was(page: Page, sale: Sale) -> None:
    open_sale(page)
    add_button(page, "MUG-01").click()
    open_sale(page)
    field = deal(page, "LMP-01").locator("[name=offer]")
    field.evaluate("field => { field.value = field.value.slice(0, -6); }")
    add_button(page, "LMP-01").click()
    expect(page.locator("[role=alert][data-verdict=forged]")).to_be_visible()
    assert lines(page) == {"MUG-01": 499}


def test_checkout_says_that_payment_needs_javascript(page: Page, sale: Sale) -> None:
    open_sale(page)
    add_button(page, "MUG-01").click()
    page.get_by_role("link", name="Check out").click()
    told = page.locator("noscript .notice")
    expect(told).to_be_visible()
    assert (told.text_content() or "").startswith("Payment needs JavaScript")
    expect(page.get_by_text("The card form is loading")).to_be_hidden()
    expect(page.get_by_role("button", name="Order and pay")).to_be_disabled()
    expect(page.get_by_label("Mail address")).to_be_visible()
    page.get_by_role("link", name="Back to the bag").click()
    assert lines(page) == {"MUG-01": 499}
