"""The sale room and the report of a sale with many orders: what they cost, and what they say."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benchmarks import order_rows
from benchmarks.sql_replay import recorded
from shop.merchant.reports.live_queries import NAMES, recent_figures, under_way
from shop.merchant.reports.report import read_report
from shop.orders.models import Order, OrderLine, SaleMinute
from shop.orders.sale_totals import count_paid
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.client import HtmlPage
from shop.qa.pytest_plugin.factories import OPENS
from shop.sales.models import Deal, Sale
from tests.support.factories import make_order

THOUSANDS = 3000


@pytest.fixture(autouse=True)
def _nothing_is_kept() -> Iterator[None]:
    recent_figures.clear()
    yield
    recent_figures.clear()


@pytest.fixture
def busy(db: None) -> Sale:
    """A sale with thousands of orders."""
    return order_rows.fill("busy", THOUSANDS, OPENS)


def open_page(merchant: Merchant, sale: Sale, name: str) -> tuple[HtmlPage, int]:
    """A page about a sale as it is now, and how many statements that took."""
    path = reverse(f"admin:{name}", args=[sale.slug])
    recent_figures.clear()
    with CaptureQueriesContext(connection) as sent:
        page = merchant.open(path)
    return page, len(sent)


def minutes(sale: Sale) -> list[tuple[object, ...]]:
    """What was paid by the minute, over all shards."""
    rows = SaleMinute.objects.filter(sale=sale).order_by("minute", "currency")
    return list(rows.values_list("minute", "currency").annotate(*(Sum(name) for name in NAMES)))


@pytest.mark.parametrize("name", ["sale_live", "sale_report"])
def test_thousands_of_orders_take_as_many_queries_as_a_handful(
    merchant: Merchant, sale: Sale, busy: Sale, name: str
) -> None:
    for number, status in enumerate(("pending", "paid", "paid", "expired")):
        make_order(sale, f"FF-{number}", status=status)
    OrderLine.objects.filter(order__number="FF-1").update(seconds_late=5)
    _, with_a_handful = open_page(merchant, sale, name)
    _, with_thousands = open_page(merchant, busy, name)
    assert with_thousands == with_a_handful


@pytest.mark.parametrize("name", ["sale_live", "sale_report"])
def test_both_pages_add_up_thousands_of_orders(merchant: Merchant, busy: Sale, name: str) -> None:
    page, _ = open_page(merchant, busy, name)
    assert f"Orders {THOUSANDS * 9 // 10}" in page.text
    late = page.one("[aria-labelledby=late] .stats > div").get_text(" ")
    assert late == f"Orders {THOUSANDS // 5}"


def test_orders_under_way_are_found_by_the_index_on_them(busy: Sale) -> None:
    """Not by way of the lines of the sale, which may be a hundred thousand."""
    with recorded() as sent:
        [waiting] = under_way(busy)
    assert (waiting.status, waiting.orders) == (Order.Status.PENDING, 100)
    [(statement, values)] = sent
    with connection.cursor() as cursor:
        explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
        cursor.execute(f"{explain} {statement}", values)
        plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
    assert "order_open_by_lapse" in plan


# --- What the benchmarks write --------------------------------------------------


def test_the_minutes_that_are_written_are_those_that_the_real_checkout_counts(busy: Sale) -> None:
    written = minutes(busy)
    SaleMinute.objects.all().delete()
    for order in Order.objects.filter(status=Order.Status.PAID):
        count_paid(order)
    assert written == minutes(busy)


def test_the_report_which_counts_orders_agrees_with_the_minutes(busy: Sale) -> None:
    report = read_report(busy, OPENS)
    total = report.figures.total
    for name in NAMES:
        assert sum(getattr(each.sold, name) for each in report.deals) == getattr(total, name), name


def test_what_is_claimed_is_what_orders_keep(busy: Sale) -> None:
    kept = OrderLine.objects.exclude(order__status=Order.Status.EXPIRED)
    units = dict(kept.order_by().values_list("deal").annotate(Sum("quantity")))
    deals = Deal.objects.filter(sale=busy).prefetch_related("product__variants")
    assert {deal.pk: deal.claimed for deal in deals} == units
    for deal in deals:
        assert [each.claimed for each in deal.product.variants.all()] == [deal.claimed]
