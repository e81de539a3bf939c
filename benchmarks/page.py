"""The sale page with 24 freshly signed offers, against a view that says hello.

Both run through WSGI with the same middleware, headers and cookies of a returning browser.
"""

import gzip

from benchmarks.browser import Browser
from benchmarks.measure import Row, compare, counted_queries
from benchmarks.shop import DEALS, SLUG
from shop.sales.showcase import showcase

GOAL = 2
CALLS = 20


def run(rounds: int) -> list[Row]:
    """One row, with the bytes and the queries of a page."""
    browser = Browser()

    def page() -> bytes:
        return browser.get(f"/sales/{SLUG}/")

    def hello() -> bytes:
        return browser.get("/hello/")

    notes = (
        f"{DEALS} offers in {len(checked(page())):,} bytes, {compressed(page()):,} compressed",
        f"{queries_per_view(browser, f'/sales/{SLUG}/'):g} queries a view",
    )
    times = compare(page, hello, rounds=rounds, calls=CALLS)
    return [Row("page", times, GOAL, notes)]


def checked(page: bytes) -> bytes:
    """The page, if it has all its offers."""
    if page.count(b'name="offer"') != DEALS:
        raise AssertionError(f"This is not the page of {DEALS} offers.")
    return page


def compressed(page: bytes) -> int:
    """Bytes of a page as a proxy in front of the shop sends it."""
    return len(gzip.compress(page, compresslevel=6))


def queries_per_view(browser: Browser, path: str) -> float:
    """Statements a view sends while the showcase is warm: within the second after a view."""
    showcase.clear()
    browser.get(path)
    views = 10
    with counted_queries() as statements:
        for _ in range(views):
            browser.get(path)
    return len(statements) / views
