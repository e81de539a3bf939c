"""The shop, or what stands before it, does not answer as it should: the page says so."""

import pytest
from playwright.sync_api import Page, Route, expect

from shop.sales.models import Sale
from tests.browser.shopping import add, add_button, bag_count, lines, open_sale

pytestmark = pytest.mark.browser

PROXY_PAGE = "<!doctype html><title>502 Bad Gateway</title><h1>nginx says no</h1>"
SAID = "The shop did not answer. Nothing was changed"


def answer(page: Page, path: str, status: int, body: str) -> None:
    """Let something before the shop answer requests of a path."""

    def fulfil(route: Route) -> None:
        route.fulfill(status=status, body=body, content_type="text/html")

    page.route(f"**{path}", fulfil)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, "<!doctype html><title>Server Error</title><h1>Server Error (500)</h1>"),
        (502, PROXY_PAGE),
        (502, "Bad gateway"),
        (503, PROXY_PAGE),
        (504, ""),
        # A hotel's network that wants a log-in.
        (200, "<!DOCTYPE html><html><title>Welcome to the hotel</title>Room number?</html>"),
    ],
)
def test_an_answer_that_is_not_the_shops_is_said_and_changes_nothing(
    page: Page, sale: Sale, complaints: list[str], status: int, body: str
) -> None:
    open_sale(page)
    title = page.title()
    add(page, "MUG-01")
    answer(page, "/bag/add/", status, body)
    add_button(page, "LMP-01").click()
    notice = page.locator("#notice, .notes").first
    expect(notice.get_by_role("alert")).to_contain_text(SAID)
    expect(notice).not_to_contain_text("nginx")
    expect(bag_count(page)).to_have_text("1")
    assert page.title() == title
    page.unroute("**/bag/add/")
    # And the next one that comes takes its place.
    add(page, "LMP-01")
    expect(page.get_by_text(SAID)).to_have_count(0)
    page.goto("/bag/")
    assert lines(page) == {"MUG-01": 499, "LMP-01": 790}
    # Chromium and htmx log what they met.
    assert all(f"{status}" in each or "htmx" in each for each in complaints)
    complaints.clear()


def test_no_answer_at_all_is_said(page: Page, sale: Sale, complaints: list[str]) -> None:
    open_sale(page)
    page.route("**/bag/add/", lambda route: route.abort())
    add_button(page, "MUG-01").click()
    expect(page.get_by_text(SAID)).to_be_visible()
    complaints.clear()
