"""Home, sale and product pages are rendered once: each view gets what it would have got alone."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise, starmap
from threading import Barrier
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo, available_timezones

import pytest
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import _unmask_cipher_token  # type: ignore[attr-defined]
from django.shortcuts import render
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from shop.catalog.pictures import Picture
from shop.core.formatting import utc, utc_to_the_millisecond
from shop.core.page_cache import PageCache, Period, pages
from shop.core.shopper import Shopper
from shop.core.wall_time import wall_time
from shop.qa.pytest_plugin.client import ShopClient, read
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS, add_deal, make_product
from shop.sales import views
from shop.sales.models import Deal, Sale
from shop.sales.page_period import page_period
from shop.sales.product_snapshot import ProductSnapshot, VariantSnapshot
from shop.sales.showcase import showcase
from shop.sales.snapshot import (
    DealSnapshot,
    SaleSnapshot,
    Snapshot,
)
from tests.support.fixtures import Clock

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
PAGES = ("/", "/sales/autumn/", "/products/mug-01/", "/products/lmp-01/")
#: Each side of every instant at which one of the pages changes.
INSTANTS = [
    instant - before
    for instant in (
        OPENS - DAY,
        # Midnight in Berlin: "today" begins.
        datetime(2026, 11, 26, 23, tzinfo=UTC),
        OPENS,
        CLOSES,
        CLOSES + HOLD,
        datetime(2026, 11, 27, 23, tzinfo=UTC),
    )
    for before in (SECOND, timedelta())
]


class Compared:
    """Renders each page the plain way too, with the same values, and compares them."""

    def __init__(self) -> None:
        self.views = 0
        self._kept = PageCache.response

    def response(
        self, request: HttpRequest, template_name: str, *, now: datetime, **given: Any
    ) -> HttpResponse:
        kept = self._kept(pages, request, template_name, now=now, **given)
        values = {"now": now, **given["shared"], **(given.get("own") or {})}
        assert kept.content.decode() == render(request, template_name, values).content.decode()
        self.views += 1
        return kept


@contextmanager
def compared() -> Iterator[Compared]:
    """Every view of a page is compared to the same view rendered the plain way."""
    both = Compared()
    with (
        patch.object(pages, "response", both.response),
        # The token of a form is masked at random, each time that it is asked for.
        patch("shop.core.form_token.randbits", lambda bits: 0),
        patch("django.middleware.csrf._mask_cipher_secret", lambda secret: "a" * 32 + secret),
    ):
        yield both


@pytest.fixture
def both_ways() -> Iterator[Compared]:
    with compared() as both:
        yield both


@pytest.mark.parametrize("at", INSTANTS, ids=str)
def test_a_page_is_the_one_rendered_the_plain_way_at_every_boundary(
    at: datetime, sale: Sale, shopper: ShopClient, clock: Clock, both_ways: Compared
) -> None:
    shopper.add(shopper.offer())
    both_ways.views = 0
    clock.move_to(at)
    showcase.clear()
    for visitor in (shopper, ShopClient()):
        for path in PAGES:
            assert visitor.open(path).status == 200
            assert visitor.open(path).status == 200
    assert both_ways.views == 4 * len(PAGES)


def test_pages_follow_the_clock_though_nothing_else_changes(
    sale: Sale, shopper: ShopClient, clock: Clock, both_ways: Compared
) -> None:
    """The snapshot stays the very same object, as long as the clock runs and the rows rest."""
    clock.move_to(INSTANTS[0])
    showcase.clear()
    snapshot = showcase.snapshot(INSTANTS[0])
    with patch.object(showcase, "snapshot", lambda now: snapshot):
        for at in (*INSTANTS, *reversed(INSTANTS)):
            clock.move_to(at)
            for path in PAGES:
                assert shopper.open(path).status == 200


def test_variants_and_what_is_claimed_are_shown_the_same(
    sale: Sale, shopper: ShopClient, both_ways: Compared
) -> None:
    shirt = make_product("TEE", "T-shirt {{ now }}", variants={"M": 0, "<L>": 3})
    add_deal(sale, shirt, 990)
    Deal.objects.filter(product__sku="LMP-01").update(allocation=1, claimed=1)
    showcase.clear()
    page = shopper.open("/sales/autumn/").text
    assert "All are claimed." in page
    assert "M (all claimed)" in page
    assert "<L>" in shopper.open("/products/tee/").text


def test_a_bag_that_fills_shows_on_the_next_page(
    sale: Sale, shopper: ShopClient, another_shopper: ShopClient, both_ways: Compared
) -> None:
    shopper.open("/")
    shopper.add(shopper.offer(), 2)
    for path in PAGES:
        assert shopper.open(path).one("#bag-link .count").text == "2"
        assert shopper.open(path).one("#bag-bar .total").text == "€9.98"
        assert another_shopper.open(path).soup.select("#bag-link .count, #bag-bar a") == []


def test_the_second_that_a_price_is_held_until_is_that_of_the_view(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    for seconds in (0, 1):
        now = OPENS + timedelta(seconds=seconds)
        clock.move_to(now)
        page = shopper.open("/sales/autumn/")
        shown = page.one("time[data-held-until]")["datetime"]
        assert shown == f"{now + HOLD:%Y-%m-%dT%H:%M:%SZ}"
        assert {read(each).held_until for each in page.offers.values()} == {now + HOLD}
        assert str(page.one("html")["data-now"]) == f"{now:%Y-%m-%dT%H:%M:%S}.000Z"


def test_prices_hold_past_the_close_from_the_second_that_they_do(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    Sale.objects.update(hold_seconds=60)
    for at, says in (
        (CLOSES - 60 * SECOND, "They hold whatever changes meanwhile."),
        (CLOSES - 59 * SECOND, "They hold even after the sale closes."),
    ):
        clock.move_to(at)
        showcase.clear()
        assert shopper.open("/sales/autumn/").one("[data-pledge]").text == says


def view_of(shopper: str, token: str, now: datetime) -> Any:
    """A request as our middleware hands it to a view."""
    request: Any = RequestFactory().get("/")
    request.now, request.preview, request.shopper = now, None, Shopper([shopper], ["known"])
    request.META["CSRF_COOKIE"] = token
    return request


def test_nothing_of_one_shopper_shows_on_a_page_of_another_under_threads(sale: Sale) -> None:
    """All at once, while the page is forgotten again and again: each renders, fills or both."""
    shoppers, turns = 6, 20
    start = Barrier(shoppers)
    snapshot = showcase.snapshot(OPENS)

    def shop(number: int) -> None:
        canary, secret = f"canary{number}".ljust(22, "-"), f"{number}" * 32
        for turn in range(turns):
            start.wait(timeout=30)
            if number == turn % shoppers:
                pages._pages.clear()
            now = OPENS + number * SECOND
            html = views.sale(view_of(canary, secret, now), "autumn").content.decode()
            offers = [read(each) for each in re.findall(r'name="offer" value="([^"]+)"', html)]
            assert [(each.shopper, each.held_until) for each in offers] == [
                (canary, now + HOLD)
            ] * 2
            masked = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', html)
            assert {_unmask_cipher_token(each) for each in masked} == {secret}
            assert f'data-held-until datetime="{utc(now + HOLD)}"' in html
            assert f'data-now="{utc_to_the_millisecond(now)}"' in html

    with (
        patch.object(showcase, "snapshot", lambda now: snapshot),
        ThreadPoolExecutor(shoppers) as pool,
    ):
        list(pool.map(shop, range(shoppers)))


TEXT = st.text(max_size=20) | st.sampled_from(["{% gap %}", "{{ offers.0 }}", "</html>", "0" * 40])
ZONES = st.sampled_from(["Europe/Berlin", "America/Havana", "Asia/Kathmandu", "UTC"])


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """A product or two, in up to two sales around noon of a day on which clocks are put back."""
    opens = datetime(2026, 10, 25, draw(st.integers(0, 23)), tzinfo=UTC)
    products = [
        ProductSnapshot(
            id=number,
            sku=f"SKU-{number}",
            slug=f"sku-{number}",
            name=draw(TEXT),
            text=draw(TEXT),
            picture=Picture("/p.svg", (("image/webp", draw(TEXT)),)),
            list_price=990,
            currency="EUR",
            sold_at_list_price=draw(st.booleans()),
            nonce="",
            variants=tuple(
                VariantSnapshot(place, f"V{place}", draw(TEXT), place, draw(st.integers(0, 2)))
                for place in range(draw(st.integers(1, 2)))
            ),
        )
        for number in range(2)
    ]
    hold = timedelta(minutes=draw(st.sampled_from([1, 60])))

    def deals(sale: str) -> tuple[DealSnapshot, ...]:
        return tuple(
            DealSnapshot(
                sale=sale, product=each, amount=499, was=990, max=2, hold=hold, anchor="A" * 16
            )
            for each in products[: draw(st.integers(0, 2))]
        )

    sales = [
        SaleSnapshot(
            id=number,
            slug=f"sale-{number}",
            title=draw(TEXT),
            text=draw(TEXT),
            zone=ZoneInfo(draw(ZONES)),
            starts_at=opens + timedelta(minutes=10 * number),
            ends_at=opens + timedelta(minutes=10 * number + 15),
            hold=hold,
            visible=draw(st.booleans()) or number == 0,
            deals=deals(f"sale-{number}"),
        )
        for number in range(2)
    ]
    return Snapshot(
        sales={each.slug: each for each in sales},
        products={each.sku: each for each in products},
        list_deals={each.product.sku: each for each in deals("list")},
    )


@given(snapshot=snapshots(), views_at=st.lists(st.integers(-1200, 6000), min_size=3, max_size=6))
def test_any_page_of_any_sale_is_the_one_rendered_the_plain_way(
    snapshot: Snapshot, views_at: list[int]
) -> None:
    opens = snapshot.sales["sale-0"].starts_at
    with patch.object(showcase, "snapshot", lambda now: snapshot), compared() as both:
        for seconds in views_at:
            for more in (0, 1):
                request = view_of("s" * 22, "t" * 32, opens + timedelta(seconds=seconds + more))
                views.home(request)
                views.sale(request, "sale-0")
                views.product(request, "sku-0")
    assert both.views == 6 * len(views_at)


@pytest.mark.parametrize("year", [2000, 2026, 2037])
def test_days_begin_in_every_zone_at_a_quarter_of_an_hour(year: int) -> None:
    """So a page's period ends where "today" does, whatever clocks do there."""
    start = datetime(year, 1, 1, tzinfo=UTC)
    for zone in map(ZoneInfo, sorted(available_timezones())):
        for day in range(0, 366, 5):
            ahead = wall_time(start + day * DAY, zone) - (start + day * DAY).replace(tzinfo=None)
            assert ahead % timedelta(minutes=15) == timedelta(), zone


def test_a_period_runs_from_one_change_to_the_next(sale: Sale) -> None:
    opens, closes = OPENS + timedelta(minutes=2), OPENS + timedelta(minutes=6)
    odd = replace(
        showcase.snapshot(OPENS).sales["autumn"],
        starts_at=opens,
        ends_at=closes,
        hold=timedelta(minutes=3),
    )
    held = odd.last_hold_ends_at
    changes = [OPENS, opens, closes, held, OPENS + timedelta(minutes=15)]
    assert changes == sorted(set(changes))
    for period in starmap(Period, pairwise(changes)):
        assert page_period([odd], period.since) == period
        assert page_period([odd], period.until - SECOND) == period
