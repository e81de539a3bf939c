"""Everyone can use it: by keyboard, on any screen, in the dark, by what is named and not seen."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from shop.qa.pytest_plugin.client import ADDRESS
from shop.sales.models import Sale
from tests.browser.conftest import OpenBrowser
from tests.browser.shopping import (
    DECLINED,
    add,
    card_form,
    check_out,
    deal,
    enter_card,
    expect_paid,
    open_sale,
    pay_button,
)

pytestmark = pytest.mark.browser

type Visit = Callable[[Page], Iterator[str]]


@pytest.fixture
def all_pages(sale: Sale) -> Visit:
    """The main pages, one after the other; each is open in the browser while it is named."""

    def visit(page: Page) -> Iterator[str]:
        page.goto("/")
        yield "home"
        open_sale(page)
        yield "sale"
        add(page, "MUG-01")
        yield "sale, added to the bag"
        page.goto("/products/lmp-01/")
        yield "product"
        page.goto("/bag/")
        yield "bag"
        page.goto("/checkout/")
        enter_card(page)
        yield "checkout"
        check_out(page, DECLINED)
        expect(page.locator("#problem")).to_be_visible()
        yield "checkout, declined"
        check_out(page)
        expect_paid(page)
        yield "order"
        page.goto("/bag/")
        yield "empty bag"
        page.goto("/no/such/page/")
        yield "404"

    return visit


NAMELESS = """() => [...document.querySelectorAll("button, a[href], iframe, select, textarea,"
    + "input:not([type=hidden]), meter:not([aria-hidden])")]
  .filter((element) => {
    const label = element.ariaLabel || element.title || element.labels?.[0]?.textContent
      || (element.matches("a, button") && element.textContent);
    return !label?.trim();
  })
  .map((element) => element.outerHTML.slice(0, 120))"""

TWICE = """() => {
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  return ids.filter((id, index) => ids.indexOf(id) !== index);
}"""


def test_every_page_has_one_title_and_names_for_all_that_can_be_used(
    desktop: BrowserContext, all_pages: Visit
) -> None:
    page = desktop.new_page()
    for name in all_pages(page):
        assert page.locator("h1").count() == 1, name
        assert page.title(), name
        assert page.evaluate(NAMELESS) == [], name
        assert page.evaluate(TWICE) == [], name
        assert page.locator("html[lang]").count() == 1, name
        assert page.locator("main").count() == 1, name
        assert page.locator("img:not([alt])").count() == 0, name


def test_no_page_scrolls_sideways(desktop: BrowserContext, all_pages: Visit) -> None:
    page = desktop.new_page()
    for name in all_pages(page):
        for width in (320, 390, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert too_wide <= 0, f"{name} at {width} px"


def test_in_the_dark_and_without_motion_no_page_complains(
    open_browser: OpenBrowser, all_pages: Visit
) -> None:
    page = open_browser(color_scheme="dark", reduced_motion="reduce").new_page()
    for name in all_pages(page):
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        red, green, blue = background.removeprefix("rgb(").removesuffix(")").split(",")
        assert max(int(red), int(green), int(blue)) < 64, name


class Keyboard:
    """Someone who has no mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def go_to(self, selector: str, *, within: int = 40) -> None:
        """Press Tab until the focus is there; it has to be seen on the way."""
        for _ in range(within):
            self.page.keyboard.press("Tab")
            if self.is_at(selector):
                assert self.sees_focus(), f"the focus is not seen on {selector}"
                return
        raise AssertionError(f"Tab does not lead to {selector} on {self.page.url}")

    def is_at(self, selector: str) -> bool:
        return bool(
            self.page.evaluate("selector => document.activeElement.matches(selector)", selector)
        )

    def sees_focus(self) -> bool:
        return bool(
            self.page.evaluate(
                """() => {
                  const element = document.activeElement;
                  if (element.matches("iframe")) return true;
                  const style = getComputedStyle(element);
                  const box = element.getBoundingClientRect();
                  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth);
                  return ring > 0 && box.bottom > 0 && box.top < innerHeight && box.width > 0;
                }"""
            )
        )

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)


def test_the_whole_way_can_be_gone_by_keyboard(desktop: BrowserContext, sale: Sale) -> None:
    page = desktop.new_page()
    keyboard = Keyboard(page)
    page.goto("/")
    keyboard.go_to(".skip", within=1)
    keyboard.go_to("main a[href='/sales/autumn/']")
    keyboard.press("Enter")
    page.wait_for_url("/sales/autumn/")
    expect(deal(page, "MUG-01")).to_be_visible()

    keyboard.go_to("[data-deal$='/MUG-01'] [name=quantity]")
    keyboard.press("ArrowUp")
    keyboard.go_to("[data-deal$='/MUG-01'] button", within=1)
    keyboard.press("Enter")
    expect(page.locator("#notice")).to_contain_text("Stoneware mug is in your bag")
    assert keyboard.is_at("[data-deal$='/MUG-01'] button")
    keyboard.go_to("#notice a[href='/bag/']")
    keyboard.press("Enter")
    page.wait_for_url("/bag/")

    keyboard.go_to("[data-sku=MUG-01] [name=quantity]")
    keyboard.press("ArrowDown")
    expect(page.locator(".sum")).to_have_text("€4.99")
    assert keyboard.is_at("[data-sku=MUG-01] [name=quantity]")
    keyboard.go_to("a[href='/checkout/']")
    keyboard.press("Enter")
    page.wait_for_url("/checkout/")
    expect(card_form(page).get_by_label("Card number")).to_be_visible()

    for name in ("email", "name", "country", "line1", "line2", "city", "postal_code"):
        keyboard.go_to(f"[name={name}]", within=20 if name == "email" else 1)
        keyboard.type("United Kingdom" if name == "country" else ADDRESS[name])
        if name == "country":
            expect(page.locator("#region label").first).to_have_text("Town")
            assert keyboard.is_at("[name=country]")
    expect(page.locator("[name=country]")).to_have_value("GB")
    keyboard.go_to("iframe", within=1)
    keyboard.type("4242424242424242")
    keyboard.press("Tab")
    keyboard.type("1234")
    keyboard.press("Tab")
    keyboard.type("123")
    expect(card_form(page).get_by_label("Security code")).to_have_value("123")
    expect(pay_button(page)).to_be_enabled()
    keyboard.go_to("#pay")
    keyboard.press("Enter")
    expect_paid(page)


def test_enter_orders_nothing_before_the_card_is_there(desktop: BrowserContext, sale: Sale) -> None:
    page = desktop.new_page()
    open_sale(page)
    add(page, "MUG-01")
    page.goto("/checkout/")
    expect(pay_button(page)).to_be_enabled()
    page.get_by_label("Mail address").press("Enter")
    assert page.url.endswith("/checkout/")
    expect(page.get_by_label("Mail address")).to_be_focused()


def test_focus_stays_in_place_when_a_line_is_removed(desktop: BrowserContext, sale: Sale) -> None:
    page = desktop.new_page()
    open_sale(page)
    add(page, "MUG-01")
    add(page, "LMP-01")
    page.goto("/bag/")
    page.get_by_role("button", name="Remove Brass lamp").press("Enter")
    expect(page.locator("[data-sku]")).to_have_count(1)
    # What had the focus is gone: a reader goes on at the bag's title.
    expect(page.get_by_role("heading", name="Your bag")).to_be_focused()
