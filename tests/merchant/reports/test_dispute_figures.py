"""Disputes in the live sale room and the report: what was sold stays sold, losses are told."""

import csv
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop.merchant.reports.dispute_queries import Disputed, disputed, lost_goods
from shop.merchant.reports.live_queries import recent_figures
from shop.orders.models import Dispute, DisputeOutcome, Order, OrderLine, Refund
from shop.orders.sale_totals import count_paid
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.client import HtmlPage
from shop.qa.pytest_plugin.factories import CLOSES, OPENS
from shop.sales.models import Sale
from tests.merchant.orders.test_disputed_orders import make_dispute
from tests.support.factories import make_order, make_refund

OPEN, LOST, WON = DisputeOutcome.OPEN, DisputeOutcome.LOST, DisputeOutcome.WON
PAGES = ("sale_live", "sale_report")


@pytest.fixture(autouse=True)
def _nothing_is_kept() -> Iterator[None]:
    recent_figures.clear()
    yield
    recent_figures.clear()


def sold_order(sale: Sale, number: str = "FF-12345678") -> Order:
    """Two mugs for €9.98, paid and counted."""
    order = make_order(sale, number)
    count_paid(order)
    return order


def open_page(merchant: Merchant, sale: Sale, name: str) -> HtmlPage:
    recent_figures.clear()
    return merchant.open(reverse(f"admin:{name}", args=[sale.slug]))


@pytest.mark.parametrize("name", PAGES)
def test_a_lost_dispute_is_told_and_what_was_sold_stays_sold(
    merchant: Merchant, sale: Sale, name: str
) -> None:
    make_dispute(sold_order(sale), "lost")
    page = open_page(merchant, sale, name)
    assert "Revenue €9.98 €9.98 of it lost to disputes" in page.text
    assert "Units 2" in page.text
    told = page.one("[aria-labelledby=disputes]").get_text(" ", strip=True)
    assert "Lost 1 €9.98 €9.98" in " ".join(told.split())


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("status", "word"), [("under_review", "Open"), ("won", "Won")])
def test_an_open_or_a_won_dispute_is_told_and_nothing_is_lost(
    merchant: Merchant, sale: Sale, name: str, status: str, word: str
) -> None:
    make_dispute(sold_order(sale), status)
    page = open_page(merchant, sale, name)
    assert "lost to disputes" not in page.text
    assert word in page.one("[aria-labelledby=disputes]").text
    link = page.one("[aria-labelledby=disputes] a")["href"]
    orders = merchant.open(str(link))
    assert "FF-12345678" in orders.one("#result_list").text


@pytest.mark.parametrize("name", PAGES)
def test_a_sale_without_disputes_does_not_speak_of_them(
    merchant: Merchant, sale: Sale, name: str
) -> None:
    sold_order(sale)
    assert "ispute" not in open_page(merchant, sale, name).text


def test_the_reports_file_says_what_was_lost(merchant: Merchant, sale: Sale) -> None:
    make_dispute(sold_order(sale), "lost", amount=499)
    make_dispute(sold_order(sale, "FF-2"), "under_review")
    path = reverse("admin:sale_report", args=[sale.slug])
    content = merchant.client.get(f"{path}?format=csv").content.decode()
    rows = list(csv.DictReader(StringIO(content)))
    [sold] = [row for row in rows if row["part"] == "sold"]
    assert (sold["amount"], sold["lost"]) == ("19.96", "4.99")
    told = {
        row["name"]: (row["count"], row["amount"], row["lost"])
        for row in rows
        if row["part"] == "dispute"
    }
    assert told == {"open": ("1", "9.98", ""), "lost": ("1", "4.99", "4.99")}


def test_an_order_of_two_sales_is_disputed_in_each_with_its_own_goods(sale: Sale) -> None:
    window = {"starts_at": OPENS, "ends_at": CLOSES}
    other = Sale.objects.create(slug="winter", title="Winter", **window)
    order = make_order(sale)
    line = order.lines.get()
    line.pk, line.jti, line.quantity, line.amount = None, "w" * 22, 1, 3000
    line.deal = other.deals.create(product=line.variant.product, price=3000)
    line.save()
    order.charges.create(kind="shipping", label="Shipping", amount=490)
    Order.objects.update(subtotal=3998, added=490, total=4488)
    order.refresh_from_db()
    make_dispute(order, "lost")
    assert disputed(sale) == (Disputed(LOST, "EUR", 1, 4488, 998),)
    assert disputed(other) == (Disputed(LOST, "EUR", 1, 4488, 3000),)


def test_a_dispute_from_before_the_sale_opened_is_none_of_it(sale: Sale) -> None:
    order = make_order(sale)
    make_dispute(order, opened_at=OPENS - timedelta(seconds=1))
    assert disputed(sale) == ()
    Dispute.objects.update(opened_at=OPENS)
    assert len(disputed(sale)) == 1


def test_currencies_are_told_apart(sale: Sale) -> None:
    make_dispute(make_order(sale), "lost")
    make_dispute(make_order(sale, "FF-YEN", currency="JPY"), "lost")
    assert lost_goods(disputed(sale)) == {"EUR": 998, "JPY": 998}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shipping=st.integers(0, 900),
    units_back=st.integers(0, 2),
    parts=st.lists(st.integers(1, 4000), min_size=1, max_size=3),
)
def test_never_more_is_lost_than_was_sold_and_not_refunded(
    sale: Sale, shipping: int, units_back: int, parts: list[int]
) -> None:
    for model in (Dispute, Refund):
        model.objects.all().delete()
    order = Order.objects.first() or make_order(sale)
    Order.objects.update(added=shipping, total=998 + shipping)
    OrderLine.objects.update(refunded=units_back)
    if units_back:
        make_refund(order, amount=499 * units_back, status="succeeded")
    order.refresh_from_db()
    for amount in parts:
        make_dispute(order, "lost", amount=amount)
    kept = 998 - 499 * units_back
    lost = lost_goods(disputed(sale)).get("EUR", 0)
    assert 0 <= lost <= kept
    money = 998 + shipping - 499 * units_back
    if sum(parts) >= money and len(parts) == 1:
        assert lost == kept
