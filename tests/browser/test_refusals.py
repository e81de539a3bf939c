"""What cannot be done is said where the shopper looks, and nothing is lost by it."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from shop.catalog.models import Variant
from shop.orders.models import Order
from shop.sales.models import Sale
from tests.browser.conftest import OpenBrowser
from tests.browser.shopping import (
    add,
    add_button,
    bag_count,
    check_out,
    deal,
    expect_paid,
    fill_address,
    lines,
    offers,
    open_sale,
    pay,
)

pytestmark = pytest.mark.browser


def put_in_place(page: Page, sku: str, message: str) -> None:
    """Change the offer that a deal's form sends."""
    deal(page, sku).locator("[name=offer]").evaluate(
        "(field, message) => { field.value = message; }", message
    )


def test_an_offer_of_another_is_refused(page: Page, sale: Sale, open_browser: OpenBrowser) -> None:
    other = open_browser().new_page()
    open_sale(other)
    open_sale(page)
    add(page, "MUG-01")
    put_in_place(page, "LMP-01", offers(other)["autumn/LMP-01"])
    add_button(page, "LMP-01").click()
    refusal = page.locator("#notice [data-verdict=not_yours]")
    expect(refusal).to_be_visible()
    expect(refusal).to_contain_text("another browser")
    expect(bag_count(page)).to_have_text("1")
    page.goto("/bag/")
    assert lines(page) == {"MUG-01": 499}


def test_a_forged_offer_is_refused_in_words(page: Page, sale: Sale) -> None:
    open_sale(page)
    add(page, "MUG-01")
    message = offers(page)["autumn/LMP-01"]
    header, _, signature = message.split(".")
    put_in_place(page, "LMP-01", f"{header}.eyJhbW91bnQiOjF9.{signature}")
    add_button(page, "LMP-01").click()
    expect(page.locator("#notice [data-verdict=forged]")).to_be_visible()
    expect(bag_count(page)).to_have_text("1")
    # A true one takes its place, and the refusal goes.
    put_in_place(page, "LMP-01", message)
    add(page, "LMP-01")
    expect(page.locator("#notice [data-verdict]")).to_have_count(0)


def test_more_than_one_shopper_can_have_is_refused_on_the_bags_page(page: Page, sale: Sale) -> None:
    open_sale(page)
    add(page, "MUG-01")
    page.goto("/bag/")
    quantity = page.get_by_label("Quantity of Stoneware mug")
    quantity.fill("2")
    quantity.press("Enter")
    expect(page.locator(".sum")).to_have_text("€9.98")
    quantity.evaluate("field => field.removeAttribute('max')")
    quantity.fill("3")
    quantity.press("Enter")
    expect(page.locator("[data-verdict=over_limit]")).to_be_visible()
    expect(quantity).to_have_value("2")


def refused_for_the_lamp(page: Page) -> None:
    """Order a mug and a lamp of which others were faster to take the last."""
    open_sale(page)
    add(page, "MUG-01")
    add(page, "LMP-01")
    page.goto("/checkout/")
    fill_address(page, name="Grace Hopper")
    Variant.objects.filter(sku="LMP-01").update(claimed=100)
    pay(page)
    expect(page.locator("[data-verdict=sold_out]").first).to_be_visible()


def test_a_refused_order_keeps_the_bag_and_the_rest_can_be_bought(page: Page, sale: Sale) -> None:
    refused_for_the_lamp(page)
    assert lines(page) == {"MUG-01": 499, "LMP-01": 790}
    assert not Order.objects.exists()
    page.get_by_role("button", name="Remove Brass lamp").click()
    expect(page.locator("[data-verdict]")).to_have_count(0)
    check_out(page)
    expect_paid(page)
    assert Order.objects.get().total == 499


def test_an_address_is_kept_while_a_refused_order_is_mended(page: Page, sale: Sale) -> None:
    refused_for_the_lamp(page)
    page.get_by_role("button", name="Remove Brass lamp").click()
    page.get_by_role("link", name="Check out").click()
    expect(page.locator("[name=name]")).to_have_value("Grace Hopper", timeout=3000)
    expect(page.locator("[name=city]")).to_have_value("London")


def test_an_address_typed_half_way_is_there_after_a_look_at_the_bag(page: Page, sale: Sale) -> None:
    open_sale(page)
    add(page, "MUG-01")
    page.goto("/checkout/")
    fill_address(page, name="Grace Hopper")
    page.get_by_role("link", name="Back to the bag").click()
    page.get_by_role("link", name="Check out").click()
    expect(page.locator("[name=name]")).to_have_value("Grace Hopper", timeout=3000)
    expect(page.locator("[name=country]")).to_have_value("GB")


def test_a_card_that_is_not_complete_sends_nothing(page: Page, sale: Sale) -> None:
    open_sale(page)
    add(page, "MUG-01")
    page.goto("/checkout/")
    fill_address(page)
    pay(page, "4242")
    expect(page.locator("#payment-error")).to_contain_text("incomplete")
    pay(page)
    expect_paid(page)


def test_without_its_cookies_a_browser_is_told_so(phone: BrowserContext, sale: Sale) -> None:
    page = phone.new_page()
    open_sale(page)
    phone.clear_cookies()
    add_button(page, "MUG-01").click()
    expect(page.locator("#notice")).to_contain_text("Allow cookies")
    expect(page.locator("h1")).to_have_count(1)
    expect(page.locator("main")).to_have_count(1)
    expect(page.locator("#notice a").first).to_be_visible()
    expect(deal(page, "LMP-01")).to_be_visible()


def test_without_cookies_and_scripts_a_page_says_so(open_browser: OpenBrowser, sale: Sale) -> None:
    browser = open_browser(java_script_enabled=False)
    page = browser.new_page()
    open_sale(page)
    browser.clear_cookies()
    add_button(page, "MUG-01").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("One cookie is missing")
    page.get_by_role("link", name="See the sales").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_a_browser_that_is_offline_is_told_so_and_can_try_again(
    phone: BrowserContext, sale: Sale, complaints: list[str]
) -> None:
    page = phone.new_page()
    open_sale(page)
    phone.set_offline(True)
    add_button(page, "MUG-01").click()
    expect(page.locator("#notice")).to_contain_text("You are offline. Nothing was changed")
    # Chromium and htmx both say so in the console.
    assert complaints and all("ERR_INTERNET" in each or "htmx" in each for each in complaints)
    complaints.clear()
    phone.set_offline(False)
    add(page, "MUG-01")
