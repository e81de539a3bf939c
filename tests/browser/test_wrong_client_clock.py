"""A browser's clock is wrong, is set, or sleeps: the countdown is right all the same."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from shop.qa.pytest_plugin.factories import make_sale
from shop.sales.models import Sale
from tests.browser.shopping import add, in_seconds, open_sale
from tests.browser.test_countdown import error_seconds

# Each waits for clocks: in `make verify`.
pytestmark = [pytest.mark.browser, pytest.mark.verify]

#: ``oversleep(milliseconds)`` puts the page behind, as a sleep of the machine does: it stops the
#: monotonic clock. ``unseen``: and the one on the wall, so that no page can tell by itself.
A_MACHINE_THAT_CAN_SLEEP = """(() => {
  const monotonic = performance.now.bind(performance);
  const wall = Date.now.bind(Date);
  let slept = 0;
  let unnoticed = 0;
  performance.now = () => monotonic() - slept;
  Date.now = () => wall() - unnoticed;
  globalThis.oversleep = ({ milliseconds, unseen }) => {
    slept += milliseconds;
    if (unseen) unnoticed += milliseconds;
  };
})();"""

WAYS_TO_NOTICE = {
    "the tab comes into sight": "document.dispatchEvent(new Event('visibilitychange'))",
    "the window has the focus": "window.dispatchEvent(new Event('focus'))",
    "the page thaws": "document.dispatchEvent(new Event('resume'))",
    "the page is shown again": "window.dispatchEvent("
    "new PageTransitionEvent('pageshow', {persisted: true}))",
    "the network is back": "window.dispatchEvent(new Event('online'))",
}


@pytest.mark.parametrize("hours", [-7, 7])
def test_a_wrong_clock_changes_nothing(phone: BrowserContext, sale: Sale, hours: int) -> None:
    page = phone.new_page()
    page.clock.install(time=timezone.now() + timedelta(hours=hours))
    open_sale(page)
    assert abs(error_seconds(page, sale)) < 2


@pytest.mark.parametrize("hours", [-7, 7])
def test_setting_the_clock_changes_nothing(phone: BrowserContext, sale: Sale, hours: int) -> None:
    page = phone.new_page()
    page.clock.install()
    open_sale(page)
    page.clock.set_system_time(timezone.now() + timedelta(hours=hours))
    page.wait_for_timeout(1500)
    assert abs(error_seconds(page, sale)) < 2


@pytest.fixture
def laptop(desktop: BrowserContext) -> Page:
    desktop.add_init_script(A_MACHINE_THAT_CAN_SLEEP)
    return desktop.new_page()


def oversleep(page: Page, sale: Sale, seconds: int = 20, *, unseen: bool = True) -> None:
    """The machine sleeps while the tab is in sight, and the countdown is behind."""
    page.evaluate("oversleep", {"milliseconds": 1000 * seconds, "unseen": unseen})
    if unseen:
        page.wait_for_timeout(1100)  # until it has counted on
        assert error_seconds(page, sale) > seconds - 2


def test_a_lid_that_is_opened_after_the_close_shows_that_the_sale_is_over(laptop: Page) -> None:
    sale = make_sale(starts_at=in_seconds(-60), ends_at=in_seconds(4), hold=timedelta(minutes=1))
    open_sale(laptop)
    oversleep(laptop, sale)
    laptop.wait_for_timeout(1000 * (sale.ends_at - timezone.now()).total_seconds() + 500)
    expect(laptop.get_by_text("The sale is over", exact=True)).to_have_count(0)
    laptop.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(laptop.get_by_text("The sale is over", exact=True)).to_be_visible()
    # What it showed before it fell asleep is held, and is still taken.
    add(laptop, "MUG-01")


def test_a_lid_opened_on_a_tab_in_sight_shows_how_long_is_left(laptop: Page, sale: Sale) -> None:
    open_sale(laptop)
    for way, event in WAYS_TO_NOTICE.items():
        oversleep(laptop, sale)
        with laptop.expect_response("**/healthz") as asked:
            laptop.evaluate(event)
        asked.value.finished()
        # What is told is shown in the next turn of the page.
        laptop.wait_for_timeout(200)
        assert abs(error_seconds(laptop, sale)) < 2, way


def test_a_sleep_that_no_event_tells_of_is_noticed_by_itself(laptop: Page, sale: Sale) -> None:
    open_sale(laptop)
    with laptop.expect_response("**/healthz") as asked:
        oversleep(laptop, sale, unseen=False)
    asked.value.finished()
    laptop.wait_for_timeout(200)
    assert abs(error_seconds(laptop, sale)) < 2


def test_an_answer_to_the_bag_sets_the_countdown_right(laptop: Page, sale: Sale) -> None:
    open_sale(laptop)
    laptop.route("**/healthz", lambda route: route.fulfill(status=204))
    oversleep(laptop, sale)
    add(laptop, "MUG-01")
    laptop.wait_for_timeout(200)
    assert abs(error_seconds(laptop, sale)) < 2
