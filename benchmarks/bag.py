"""Ten offers in the bag: its page and the form of checkout, each against a view that says hello.

All run through WSGI with the same middleware, headers and cookies of a returning browser, so that
reading the cookie of a full bag is part of each page that shows its count.
"""

from django.utils import timezone

from benchmarks.browser import Browser
from benchmarks.measure import Call, Row, compare, counted_queries
from benchmarks.shop import SLUG
from shop.core.shopper import Shopper
from shop.sales.minting import freeze
from shop.sales.showcase import showcase

BAG_GOAL, FORM_GOAL = 10, 4
LINES = 10
CALLS = 5


def run(rounds: int) -> list[Row]:
    """A row for the bag's page, and one for the form of checkout."""
    browser = Browser()
    *chosen, another = add_forms(browser.shopper)
    for each in chosen:
        browser.post_and_keep("/bag/add/", each)

    def bag() -> bytes:
        return browser.get("/bag/")

    def form() -> bytes:
        return browser.get("/checkout/")

    def hello() -> bytes:
        return browser.get("/hello/")

    def add() -> None:
        browser.post("/bag/add/", another)

    if bag().count(b'<li class="line"') != LINES or form().count(b"</span></li>") < LINES:
        raise AssertionError(f"These are not the pages of {LINES} honored lines.")
    pages, forms, adds = (
        compare(each, hello, rounds=rounds, calls=CALLS) for each in (bag, form, add)
    )
    to_add = f"an add to it {adds.ratio:.1f} times hello, {1 / adds.ours:,.0f} a second"
    return [
        Row("bag", pages, BAG_GOAL, (f"{LINES} lines", f"{queries(bag)} queries a view", to_add)),
        Row("form", forms, FORM_GOAL, (f"{LINES} lines", f"{queries(form)} queries a view")),
    ]


def add_forms(shopper: Shopper) -> list[dict[str, str]]:
    """What adds the first deals of the sale that can be bought, and one more than the bag has."""
    now = timezone.now()
    available = [
        (deal, variant.sku)
        for deal in showcase.snapshot(now).sales[SLUG].deals
        for variant in deal.product.variants[:1]
        if min(deal.left, variant.left) > 0
    ]
    return [
        {"offer": freeze(deal, shopper=shopper.id, now=now), "variant": variant}
        for deal, variant in available[: LINES + 1]
    ]


def queries(view: Call) -> int:
    """Statements that a view sends."""
    view()
    with counted_queries() as statements:
        view()
    return len(statements)
