"""QA travels in time with a browser, on two web processes of one shop."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import PHONE, OpenBrowser
from tests.browser.shopping import add, expect_paid, fill_address, lines, open_sale, pay
from tests.browser.test_accessibility import NAMELESS, TWICE
from tests.support.server_processes import RunningShop, running_shop

# Each waits for clocks: in `make verify`.
pytestmark = [pytest.mark.browser, pytest.mark.verify]

STAFF = {"username": "staff", "password": "travelling"}


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory, stripe_base: str) -> Iterator[RunningShop]:
    with running_shop(tmp_path_factory.mktemp("travelling"), stripe_base) as running:
        running.run(
            "from django.contrib.auth import get_user_model;"
            f"get_user_model().objects.create_superuser({STAFF['username']!r}, "
            f"password={STAFF['password']!r})"
        )
        yield running


@pytest.fixture
def shop(processes: RunningShop) -> str:
    """The address of one of two processes; the clock is real when a test begins."""
    processes.travel(at=None)
    return processes.servers[0]


@pytest.fixture
def other(processes: RunningShop) -> str:
    """The address of the other one."""
    return processes.servers[1]


def shop_time(page: Page) -> str:
    """What the bar shows."""
    return page.locator(".qa-bar [data-shop-time] .qa-figure").inner_text()


def test_the_bar_ticks_over_the_end_of_the_first_of_two_equal_hours(
    processes: RunningShop, shop: str, desktop: BrowserContext
) -> None:
    processes.travel(at="2027-10-31T00:59:58Z", running=True)  # Berlin, a second or two before
    page = desktop.new_page()
    page.goto("/bag/")
    assert shop_time(page).startswith("02:59:5")
    figure = page.locator(".qa-bar [data-shop-time] .qa-figure")
    expect(figure).to_have_text(re.compile(r"02:00:0\d \(UTC\+1\)"))


def go_to(page: Page, boundary: str) -> None:
    """Press the boundary's button on the panel."""
    page.get_by_role("button", name=f"Go to: {boundary}", exact=True).click()
    expect(page.locator("[aria-current=time]")).to_contain_text(boundary)


def log_in(page: Page) -> None:
    page.goto("/merchant/")
    page.get_by_label("Name").fill(STAFF["username"])
    page.get_by_label("Password").fill(STAFF["password"])
    page.get_by_role("button", name="Log in").click()
    expect_logged_in(page, "/merchant/")


def expect_logged_in(page: Page, address: str) -> None:
    page.goto(address)
    assert page.url.endswith("/merchant/")


def test_a_price_of_the_last_second_is_paid_after_the_close_and_nothing_is_lost_on_the_way(
    desktop: BrowserContext, other: str
) -> None:
    page = desktop.new_page()
    log_in(page)
    page.goto("/qa/")
    page.get_by_role("button", name="Stop the clock").click()
    go_to(page, "One second before Autumn closes")
    open_sale(page)
    add(page, "MUG-01")

    page.goto(f"{other}/qa/")
    page.get_by_role("button", name="Next boundary").last.click()
    expect(page.locator("[aria-current=time]")).to_contain_text("12:15:00")
    page.goto(f"{other}/sales/autumn/")
    expect(page.get_by_text("The sale is over. It closed at")).to_be_visible()
    expect(page.locator("[data-deal] input[name=offer]")).to_have_count(0)

    page.goto(f"{other}/checkout/")
    assert page.locator("[data-total]").get_attribute("data-total") == "499"
    fill_address(page)
    pay(page)
    expect_paid(page)
    expect(page.locator("tr.total")).to_contain_text("€4.99")

    page.goto("/qa/")
    go_to(page, "One second before Autumn closes")
    open_sale(page)
    add(page, "MUG-01")
    page.locator(".qa-bar summary").click()
    page.locator(".qa-bar").get_by_role("button", name="Back to real time").click()
    expect(page.locator(".qa-bar")).to_contain_text("A test shop, in real time")
    page.goto(f"{other}/bag/")
    assert list(lines(page)) == ["MUG-01"]
    expect_logged_in(page, f"{other}/merchant/")

    # Months away and back.
    page.goto("/qa/")
    page.locator("main").get_by_label("Jump to").fill("2027-11-27T12:00:00")
    page.locator("main").get_by_role("button", name="Jump", exact=True).click()
    expect(page.locator(".qa-bar")).to_contain_text("Sat, 27 Nov 2027")
    expect_logged_in(page, "/merchant/")
    page.goto("/qa/")
    page.get_by_role("button", name="Stop the clock").click()
    go_to(page, "Autumn closes")
    page.goto("/bag/")
    assert lines(page) == {"MUG-01": 499}


def test_the_bar_moves_the_clock_in_place(phone: BrowserContext, processes: RunningShop) -> None:
    processes.travel(at="2026-11-27T11:14:58Z", running=False)
    page = phone.new_page()
    open_sale(page)
    bar = page.locator(".qa-bar")
    for button, shown in {
        "One second on": "12:14:59",
        "One minute back": "12:13:59",
        "Next boundary": "12:14:59",
    }.items():
        bar.locator("summary").click()
        bar.get_by_role("button", name=button).click()
        expect(bar.locator("[data-shop-time] .qa-figure")).to_have_text(shown)
        assert page.url.endswith("/sales/autumn/")


def test_a_countdown_stops_with_the_clock(phone: BrowserContext, processes: RunningShop) -> None:
    processes.travel(at="2026-11-27T11:14:58Z", running=False)
    page = phone.new_page()
    open_sale(page)
    page.wait_for_timeout(3500)
    expect(page.locator("[data-countdown]")).to_have_text("00:02")
    assert shop_time(page) == "12:14:58"
    processes.travel(running=True)
    page.reload()
    expect(page.get_by_text("The sale is over", exact=True)).to_be_visible()


def test_the_shops_time_ticks_in_the_bar(page: Page, processes: RunningShop) -> None:
    processes.travel(at="2026-11-27T11:14:00Z", running=True)
    page.goto("/")
    before = shop_time(page)
    expect(page.locator(".qa-bar [data-shop-time] .qa-figure")).not_to_have_text(before)


def test_without_scripts_the_panel_works(open_browser: OpenBrowser, processes: RunningShop) -> None:
    processes.travel(at="2026-11-27T11:00:00Z", running=False)
    page = open_browser(java_script_enabled=False, viewport=PHONE).new_page()
    page.goto("/qa/")
    page.get_by_role("button", name="+ hour").click()
    assert shop_time(page) == "13:00:00"
    page.get_by_role("button", name="Let it run").click()
    page.get_by_role("button", name="Stop the clock").click()
    shown = processes.travel()
    assert not shown["running"]
    passed = datetime.fromisoformat(shown["at"]) - datetime(2026, 11, 27, 12, tzinfo=UTC)
    assert timedelta() < passed < timedelta(minutes=1)
    page.get_by_role("button", name="Back to real time").last.click()
    expect(page.locator(".qa-bar")).to_contain_text("A test shop, in real time")


@pytest.mark.parametrize("path", ["/", "/merchant/"])
def test_the_first_key_still_leads_to_the_content(desktop: BrowserContext, path: str) -> None:
    page = desktop.new_page()
    log_in(page)
    page.goto(path)
    page.keyboard.press("Tab")
    assert "skip" in page.evaluate("document.activeElement.className")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.qa-bar summary')")


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/qa/"])
def test_everyone_can_move_the_clock(
    open_browser: OpenBrowser, processes: RunningShop, path: str, color_scheme: str
) -> None:
    processes.travel(at="2026-11-27T11:14:59Z", running=False)
    page = open_browser(
        viewport={"width": 320, "height": 640}, color_scheme=color_scheme
    ).new_page()
    page.goto(path)
    page.locator(".qa-bar summary").click()
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(TWICE) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    for button in page.locator(".qa-bar :is(button, summary, a)").all():
        box = button.bounding_box()
        assert box is not None and box["height"] >= 44
    colors = page.locator(".qa-bar").evaluate(
        "bar => [getComputedStyle(bar).color, getComputedStyle(bar).backgroundColor]"
    )
    assert contrast(*colors) > 7


def contrast(first: str, second: str) -> float:
    """WCAG 2.2's contrast ratio of two colours, as a browser computes them."""
    bright, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
