"""The sale page with 24 freshly signed offers, against a view that says hello.

Both run through WSGI with the same middleware, headers and cookies of a returning browser.
"""

from benchmarks.browser import Browser
from benchmarks.measure import Row, compare, counted_queries
from benchmarks.shop import DEALS, SLUG
from shop.sales.showcase import showcase

GOAL = 8
CALLS = 20


def run(rounds: int) -> list[Row]:
    """One row, with the bytes and the queries of a page."""
    browser = Browser()

    def page() -> bytes:
        return browser.get(f"/sales/{SLUG}/")

    def hello() -> bytes:
        return browser.get("/hello/")

    notes = (
        f"{DEALS} offers in {len(checked(page())):,} bytes",
        f"{queries_per_view(browser):g} queries a view",
    )
    times = compare(page, hello, rounds=rounds, calls=CALLS)
    return [Row("page", times, GOAL, notes)]


def checked(page: bytes) -> bytes:
    """The page, if it has all its offers."""
    if page.count(b'name="offer"') != DEALS:
        raise AssertionError(f"This is not the page of {DEALS} offers.")
    return page


def queries_per_view(browser: Browser) -> float:
    """Statements a view sends while the showcase is warm: within the second after a view."""
    showcase.clear()
    browser.get(f"/sales/{SLUG}/")
    views = 10
    with counted_queries() as statements:
        for _ in range(views):
            browser.get(f"/sales/{SLUG}/")
    return len(statements) / views
