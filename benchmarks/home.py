"""The first page with 25 sales, against a view that says hello.

Both run through WSGI with the same middleware, headers and cookies of a returning browser.
"""

from datetime import timedelta

from django.utils import timezone

from benchmarks.browser import Browser
from benchmarks.measure import Row, compare
from benchmarks.page import compressed, queries_per_view
from shop.sales.lifecycle import publish
from shop.sales.models import Deal, Sale
from shop.sales.showcase import showcase

GOAL = 2
CALLS = 20
SALES = 25
DEALS_EACH = 4


def run(rounds: int) -> list[Row]:
    """One row; the sales that it adds are gone afterwards."""
    added = add_sales()
    try:
        browser = Browser()

        def home() -> bytes:
            return browser.get("/")

        def hello() -> bytes:
            return browser.get("/hello/")

        page = home()
        if page.count(b'<li class="sale') != SALES:
            raise AssertionError(f"This is not the page of {SALES} sales.")
        notes = (
            f"{SALES} sales in {len(page):,} bytes, {compressed(page):,} compressed",
            f"{queries_per_view(browser, '/'):g} queries a view",
        )
        times = compare(home, hello, rounds=rounds, calls=CALLS)
    finally:
        Deal.objects.filter(sale__in=added).delete()
        Sale.objects.filter(pk__in=[each.pk for each in added]).delete()
        showcase.clear()
    return [Row("home", times, GOAL, notes)]


def add_sales() -> list[Sale]:
    """As many as are missing, every other one open."""
    now = timezone.now()
    shown = showcase.snapshot(now).sales_by_phase(now)
    missing = SALES - len(shown.live) - len(shown.upcoming)
    added = []
    for number in range(missing):
        starts_at = now + timedelta(hours=number + 1 if number % 2 else -1)
        sale = Sale.objects.create(
            slug=f"one-of-many-{number}",
            title=f"One of many, number {number}",
            text="A few good things for less.",
            time_zone="Europe/Berlin",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=6),
        )
        for position, other in enumerate(Deal.objects.order_by("pk")[:DEALS_EACH]):
            Deal.objects.create(
                sale=sale, product=other.product, position=position, price=other.price
            )
        publish(sale, now=now)
        added.append(sale)
    showcase.clear()
    return added
