"""A merchant looks at a sale before it opens, at any second of it, in a browser."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from shop.orders.models import Order
from shop.qa.pytest_plugin.factories import make_sale
from shop.sales.models import Deal, Sale
from shop.sales.showcase import showcase
from shop.staff.models import Staff
from tests.browser.conftest import DESKTOP, PHONE, OpenBrowser
from tests.browser.shopping import add, bag_count, fill_address, in_seconds, lines, open_sale
from tests.browser.test_accessibility import TWICE
from tests.browser.test_back_office import log_in, olga, violations

__all__ = ["olga"]
# Each waits for clocks: in `make verify`.
pytestmark = [pytest.mark.browser, pytest.mark.verify]


@pytest.fixture
def draft(shop: str) -> Sale:
    """A sale of tomorrow, never published."""
    opens = in_seconds(24 * 3600)
    sale = make_sale(starts_at=opens, ends_at=opens + timedelta(minutes=15))
    Sale.objects.update(state=Sale.State.DRAFT, published_at=None)
    Deal.objects.update(was=None, was_as_of=None)
    showcase.clear()
    return sale


def open_last_second(page: Page) -> None:
    """From the start page to the draft as it will be just before it closes."""
    log_in(page)
    page.get_by_role("link", name="Look at it as shoppers will").click()
    page.get_by_role("link", name="One second before Autumn closes").click()
    expect(page.get_by_role("heading", name="Autumn")).to_be_visible()
    page.wait_for_load_state()


def go_to(page: Page, instant: str) -> None:
    """By the bar, to another instant of the sale."""
    page.locator(".preview-bar summary").click()
    page.locator(".preview-bar").get_by_role("link", name=re.compile(f"^{instant}")).click()


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without-scripts"])
def test_a_draft_is_walked_through_from_its_last_second_to_the_end_of_the_hold(
    open_browser: OpenBrowser, draft: Sale, olga: Staff, scripts: bool
) -> None:
    page = open_browser(viewport=PHONE, java_script_enabled=scripts).new_page()
    open_last_second(page)
    expect(page.locator(".preview-bar")).to_contain_text("Nothing here can be bought.")
    page.locator("[data-deal$='/MUG-01']").get_by_role("button", name="Add to bag").click()
    if scripts:
        page.locator("#notice").get_by_role("link", name="Bag").click()
    page.wait_for_url("**/preview/*/bag/")
    assert lines(page) == {"MUG-01": 499}
    go_to(page, "Autumn closes")
    assert lines(page) == {"MUG-01": 499}
    expect(page.locator(".line .promise")).to_contain_text("Held until")
    page.get_by_role("link", name="Check out").click()
    expect(page.get_by_role("heading", name="Check out")).to_be_visible()
    page.locator(".brand").click()
    page.get_by_role("link", name="Autumn", exact=True).click()
    expect(page.locator("main")).to_contain_text("The sale is over.")
    page.locator(".bag-link").click()
    go_to(page, "The last price of Autumn runs out")
    expect(page.locator("[data-verdict=expired]")).to_be_visible()
    page.get_by_role("link", name="Back to Autumn").click()
    page.wait_for_url("**/sale/*/change/")
    assert Order.objects.count() == 0


def test_pressing_the_button_of_its_checkout_orders_nothing(
    desktop: BrowserContext, draft: Sale, olga: Staff
) -> None:
    page = desktop.new_page()
    open_last_second(page)
    add(page, "MUG-01")
    page.locator("#notice").get_by_role("link", name="Check out").click()
    fill_address(page)
    expect(page.locator("#payment-element iframe").first).to_be_visible()
    # As the page's script does once a card was typed.
    page.evaluate("document.querySelector('#checkout').submit()")
    expect(page.locator("#problem")).to_contain_text("This is a preview. Nothing was ordered")
    assert page.locator("[name=email]").input_value() == "ada@example.org"
    assert Order.objects.count() == 0


def test_its_countdown_stands_still(desktop: BrowserContext, draft: Sale, olga: Staff) -> None:
    page = desktop.new_page()
    open_last_second(page)
    figure = page.locator("[data-countdown]")
    expect(figure).to_have_text("00:01")
    page.wait_for_timeout(1500)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(300)
    expect(figure).to_have_text("00:01")
    expect(page.locator("[data-runs]")).to_contain_text("The sale closes in")


def test_another_instant_is_gone_to_by_the_clock_of_the_sale(
    desktop: BrowserContext, draft: Sale, olga: Staff
) -> None:
    page = desktop.new_page()
    open_last_second(page)
    page.locator(".preview-bar summary").click()
    there = draft.starts_at.astimezone(draft.zone)
    page.get_by_label("Any instant, Berlin time").fill(f"{there:%Y-%m-%dT%H:%M:%S}")
    page.get_by_role("button", name="Go there").click()
    page.wait_for_url(f"**/preview/{draft.starts_at:%Y-%m-%dT%H:%M:%SZ}/sales/autumn/")


def test_ones_own_bag_is_as_it_was(desktop: BrowserContext, sale: Sale, olga: Staff) -> None:
    page = desktop.new_page()
    open_sale(page)
    add(page, "LMP-01")
    log_in(page)
    page.goto("/merchant/sales/autumn/preview/")
    page.get_by_role("link", name="Autumn opens", exact=True).click()
    expect(bag_count(page)).to_have_count(0)
    page.wait_for_load_state()
    add(page, "MUG-01")
    page.locator(".preview-bar").get_by_role("link", name="Back to Autumn").click()
    page.goto("/bag/")
    assert lines(page) == {"LMP-01": 790}
    # Back shows the bag of where it leads to, not the other one.
    page.goto("/merchant/sales/autumn/preview/")
    page.get_by_role("link", name="Autumn opens", exact=True).click()
    page.locator(".bag-link").click()
    page.go_back()
    expect(bag_count(page)).to_have_text("1")
    page.locator(".bag-link").click()
    assert lines(page) == {"MUG-01": 499}


@pytest.mark.parametrize(
    ("screen", "scheme"),
    [
        pytest.param(PHONE, "dark", id="phone-dark"),
        pytest.param(PHONE, "light", id="phone-light", marks=pytest.mark.verify),
        pytest.param(DESKTOP, "dark", id="desktop-dark", marks=pytest.mark.verify),
        pytest.param(DESKTOP, "light", id="desktop-light", marks=pytest.mark.verify),
    ],
)
def test_everyone_can_look_at_it(
    open_browser: OpenBrowser, draft: Sale, olga: Staff, scheme: str, screen: dict[str, int]
) -> None:
    page = open_browser(color_scheme=scheme, viewport=screen, reduced_motion="reduce").new_page()
    open_last_second(page)
    inside = page.url.removesuffix("sales/autumn/")
    found = []
    for path in ("sales/autumn/", "", "products/mug-01/", "bag/", "checkout/", "no/such/page/"):
        if path == "bag/":
            page.goto(f"{inside}sales/autumn/")
            add(page, "MUG-01")
        page.goto(inside + path)
        found += [f"{path}: {each}" for each in violations(page)]
        page.locator(".preview-bar summary").click()
        found += [f"{path}, bar open: {each}" for each in violations(page)]
        assert page.locator("h1").count() == 1
        assert page.evaluate(TWICE) == []
        for width in (320, screen["width"]):
            page.set_viewport_size({"width": width, "height": 800})
            too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert too_wide <= 0, f"{path} at {width} px"
    assert not found, "\n".join(found)
