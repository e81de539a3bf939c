"""The countdown counts by the shop's clock, whatever the browser's says."""

import re
import time
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, Route, expect

from shop.qa.pytest_plugin.factories import make_sale
from shop.sales.models import Sale
from tests.browser.shopping import add, in_seconds, open_sale

pytestmark = pytest.mark.browser

HOURS = 3_600_000
#: ``shiftClock(milliseconds)`` sets the machine's clock; the monotonic one stays as it is.
CLOCK_THAT_CAN_BE_SET = """(() => {
  const RealDate = Date;
  let shift = 0;
  globalThis.shiftClock = (by) => { shift = by; };
  globalThis.Date = class Date extends RealDate {
    constructor(...given) { given.length ? super(...given) : super(RealDate.now() + shift); }
    static now() { return RealDate.now() + shift; }
  };
})();"""


@pytest.fixture
def page(phone: BrowserContext) -> Page:
    phone.add_init_script(CLOCK_THAT_CAN_BE_SET)
    return phone.new_page()


def seconds_left(page: Page) -> int:
    """What the countdown shows."""
    figure = page.locator("[data-countdown]")
    expect(figure).to_have_text(re.compile(r"^(\d+:)?\d\d:\d\d$"))
    seconds = 0
    for part in figure.inner_text().split(":"):
        seconds = seconds * 60 + int(part)
    return seconds


def error_seconds(page: Page, sale: Sale) -> float:
    """How far the countdown is off: more than nothing when it promises too much."""
    return seconds_left(page) - (sale.ends_at - timezone.now()).total_seconds()


@pytest.mark.parametrize("hours", [5, -5])
def test_a_browser_whose_clock_is_wrong_counts_right(
    phone: BrowserContext, page: Page, sale: Sale, hours: int
) -> None:
    phone.add_init_script(f"shiftClock({hours * HOURS})")
    open_sale(page)
    off = page.evaluate("Date.now()") / 1000 - time.time()
    assert abs(off - hours * 3600) < 5
    assert abs(error_seconds(page, sale)) < 2


@pytest.mark.parametrize("hours", [5, -5])
def test_a_clock_set_on_an_open_page_changes_nothing(page: Page, sale: Sale, hours: int) -> None:
    open_sale(page)
    before = seconds_left(page)
    page.evaluate("shiftClock", hours * HOURS)
    # It goes on, second by second.
    expect(page.locator("[data-countdown]")).not_to_have_text(text_of(before))
    assert abs(error_seconds(page, sale)) < 2
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_load_state("networkidle")
    assert abs(error_seconds(page, sale)) < 2


def test_a_page_that_was_long_on_its_way_counts_right(page: Page, sale: Sale) -> None:
    def slowly(route: Route) -> None:
        time.sleep(3)  # the network's, before the shop hears of it
        route.continue_()

    page.route("**/sales/autumn/", slowly)
    open_sale(page)
    assert abs(error_seconds(page, sale)) < 2


def test_a_page_that_comes_back_from_the_cache_counts_right(page: Page, sale: Sale) -> None:
    open_sale(page)
    page.reload()
    before = seconds_left(page)
    page.goto("/")
    page.wait_for_timeout(3000)  # what a countdown that starts anew would be wrong by
    page.go_back()
    visit = page.evaluate("performance.getEntriesByType('navigation')[0].toJSON()")
    assert (visit["type"], visit["transferSize"]) == ("back_forward", 0)
    expect(page.locator("[data-countdown]")).not_to_have_text(text_of(before))
    page.wait_for_load_state("networkidle")
    assert abs(error_seconds(page, sale)) < 2


def test_a_countdown_that_ends_says_until_when_the_prices_are_held(page: Page) -> None:
    sale = make_sale(starts_at=in_seconds(-60), ends_at=in_seconds(3), hold=timedelta(minutes=1))
    open_sale(page)
    expect(page.get_by_text("The sale is over", exact=True)).to_be_visible()
    assert timezone.now() >= sale.ends_at
    expect(page.locator("[data-countdown]")).to_have_text("00:00")
    held = page.locator("[data-held] [data-held-until]")
    expect(held).to_be_visible()
    expect(page.locator("[data-announce]")).to_contain_text("These prices are held until")
    held_until = datetime.fromisoformat(held.get_attribute("datetime") or "")
    assert held_until > sale.ends_at
    add(page, "MUG-01")


def test_a_hold_that_ends_on_an_open_page_is_said_with_a_way_on(page: Page) -> None:
    make_sale(starts_at=in_seconds(-60), ends_at=in_seconds(300), hold=timedelta(seconds=2))
    open_sale(page)
    expect(page.get_by_text("These prices were held until")).to_be_visible()
    page.get_by_role("link", name="Show the prices of now").click()
    expect(page.get_by_text("These prices are held for you until")).to_be_visible()


def test_a_sale_that_opens_says_so_on_the_open_page(page: Page) -> None:
    sale = make_sale(starts_at=in_seconds(3), ends_at=in_seconds(300))
    page.goto("/sales/autumn/")
    expect(page.locator("[data-deal]")).to_have_count(0)
    page.get_by_role("link", name="The sale is open: show the prices").click()
    expect(page.locator("[data-deal]")).to_have_count(2)
    assert timezone.now() >= sale.starts_at


def text_of(seconds: int) -> str:
    return f"{seconds // 60:02}:{seconds % 60:02}"
