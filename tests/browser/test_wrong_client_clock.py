"""A browser's clock is wrong, is set, or sleeps: the countdown is right all the same."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from shop.qa.pytest_plugin.factories import make_sale
from shop.sales.models import Sale
from tests.browser.shopping import add, in_seconds, open_sale
from tests.browser.test_countdown import error_seconds

pytestmark = pytest.mark.browser

#: ``closeLid()`` stops what a sleeping machine stops, the monotonic clock; ``openLid()`` wakes it.
A_MACHINE_THAT_CAN_SLEEP = """(() => {
  const real = performance.now.bind(performance);
  let asleep = null;
  let slept = 0;
  performance.now = () => (asleep ?? real()) - slept;
  globalThis.closeLid = () => { asleep = real(); };
  globalThis.openLid = () => {
    slept += real() - asleep;
    asleep = null;
    document.dispatchEvent(new Event("visibilitychange"));
  };
})();"""


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


def test_a_lid_that_is_opened_after_the_close_shows_that_the_sale_is_over(laptop: Page) -> None:
    sale = make_sale(starts_at=in_seconds(-60), ends_at=in_seconds(4), hold=timedelta(minutes=1))
    open_sale(laptop)
    laptop.evaluate("closeLid()")
    laptop.wait_for_timeout(1000 * (sale.ends_at - timezone.now()).total_seconds() + 1500)
    expect(laptop.get_by_text("The sale is over", exact=True)).to_have_count(0)
    laptop.evaluate("openLid()")
    expect(laptop.get_by_text("The sale is over", exact=True)).to_be_visible()
    # What it showed before it fell asleep is held, and is still taken.
    add(laptop, "MUG-01")


def test_a_lid_opened_before_the_close_shows_how_long_is_left(laptop: Page, sale: Sale) -> None:
    open_sale(laptop)
    laptop.evaluate("closeLid()")
    laptop.wait_for_timeout(4000)
    assert error_seconds(laptop, sale) > 2
    with laptop.expect_response("**/healthz") as asked:
        laptop.evaluate("openLid()")
    asked.value.finished()
    # What is told is shown in the next turn of the page.
    laptop.wait_for_timeout(200)
    assert abs(error_seconds(laptop, sale)) < 2
