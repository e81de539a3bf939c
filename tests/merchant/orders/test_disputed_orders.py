"""A dispute stands beside its order's status, wherever the back office shows the order."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import Settings

from shop.orders.models import Dispute, Order
from shop.qa.pytest_plugin.back_office import Merchant, page_of
from shop.qa.pytest_plugin.factories import CLOSES, OPENS
from shop.sales.models import Sale
from tests.support.factories import make_order

LIST = "/merchant/checkout/order/"


def make_dispute(order: Order, status: str = "needs_response", **fields: Any) -> Dispute:
    given = {
        "stripe_id": f"du_{Dispute.objects.count()}",
        "amount": order.total,
        "currency": order.currency,
        "reason": "product_not_received",
        "opened_at": CLOSES,
        "closed_at": CLOSES if status in {"won", "lost"} else None,
    }
    return Dispute.objects.create(order=order, status=status, **(given | fields))


def row_of(merchant: Merchant, order: Order, query: str = "") -> str:
    """The words of an order's row in the list; none where it is not listed."""
    page = merchant.open(f"{LIST}?{query}")
    rows = [each.get_text(" ") for each in page.soup.select("#result_list tbody tr")]
    return next((" ".join(row.split()) for row in rows if order.number in row), "")


@pytest.mark.parametrize(
    ("status", "told"), [("under_review", "Paid Open"), ("won", "Paid Won"), ("lost", "Paid Lost")]
)
def test_the_list_says_how_a_dispute_stands(
    merchant: Merchant, sale: Sale, status: str, told: str
) -> None:
    order = make_order(sale)
    make_dispute(order, status)
    assert f"FF-12345678 {told} €9.98" in row_of(merchant, order)


def test_of_several_disputes_the_list_tells_the_one_that_matters_most(
    merchant: Merchant, sale: Sale
) -> None:
    order = make_order(sale)
    make_dispute(order, "won", amount=300)
    make_dispute(order, "lost", amount=300)
    assert "Lost" in row_of(merchant, order)
    make_dispute(order, amount=300)
    assert "Open" in row_of(merchant, order)


def test_the_list_costs_the_same_with_many_disputes(
    merchant: Merchant, sale: Sale, django_assert_max_num_queries: Any
) -> None:
    for number in range(10):
        make_dispute(make_order(sale, f"FF-{number}"))
    with django_assert_max_num_queries(12):
        merchant.open(LIST)


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ("any", {"FF-OPEN", "FF-LOST", "FF-WON"}),
        ("open", {"FF-OPEN"}),
        ("lost", {"FF-LOST"}),
        ("won", {"FF-WON"}),
        ("", {"FF-OPEN", "FF-LOST", "FF-WON", "FF-NONE"}),
    ],
)
def test_the_list_is_narrowed_to_disputes(
    merchant: Merchant, sale: Sale, wanted: str, numbers: set[str]
) -> None:
    orders = [make_order(sale, number) for number in ("FF-OPEN", "FF-LOST", "FF-WON", "FF-NONE")]
    for order, status in zip(orders, ("needs_response", "lost", "won"), strict=False):
        make_dispute(order, status)
    query = f"dispute={wanted}" if wanted else ""
    assert {each.number for each in orders if row_of(merchant, each, query)} == numbers


def test_the_file_says_what_was_disputed_and_lost(merchant: Merchant, sale: Sale) -> None:
    order = make_order(sale)
    make_order(sale, "FF-QUIET")
    make_dispute(order, "lost", amount=499)
    make_dispute(order, "won", amount=100)
    content = merchant.client.get(f"{LIST}export/").getvalue().decode()
    rows = {row["number"]: row for row in csv.DictReader(io.StringIO(content))}
    told = [rows["FF-12345678"][name] for name in ("dispute", "disputed", "lost_to_disputes")]
    assert told == ["lost", "5.99", "4.99"]
    assert [rows["FF-QUIET"][name] for name in ("status", "dispute")] == ["paid", ""]


def test_its_page_says_all_of_it_by_the_shops_time(
    merchant: Merchant, sale: Sale, settings: Settings
) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    order = make_order(sale)
    money: dict[str, Any] = {"withdrawn": 998, "fee": 2000, "account_currency": "EUR"}
    make_dispute(order, respond_by=OPENS + timedelta(days=7), **money)
    page = merchant.open(page_of(order))
    assert page.one("h1").get_text(" ", strip=True) == "FF-12345678 Paid Dispute open"
    told = page.one("section.dispute").get_text(" ", strip=True)
    assert "Dispute of €9.98" in told
    assert "Answer it at Stripe by Friday, 4 December, 12:00, Berlin time" in told
    assert page.one("[data-respond-by]")["datetime"] == "2026-12-04T11:00:00Z"
    for fact in ("product not received", "€9.98", "€20.00"):
        assert fact in told
    assert "UTC" not in told


def test_its_page_says_how_it_ended(merchant: Merchant, sale: Sale) -> None:
    order = make_order(sale)
    money: dict[str, Any] = {"withdrawn": 998, "reinstated": 998, "account_currency": "EUR"}
    make_dispute(order, "won", **money)
    told = merchant.open(page_of(order)).one("section.dispute").get_text(" ", strip=True)
    assert "Won: the money is yours." in told
    assert "Reinstated €9.98" in " ".join(told.split())
    assert "Answer it" not in told


# --- The refund form --------------------------------------------------------------


def refund_page(merchant: Merchant, order: Order) -> str:
    return merchant.open(reverse("admin:checkout_order_refund", args=[order.pk])).text


def test_the_refund_form_warns_of_an_open_dispute(merchant: Merchant, sale: Sale) -> None:
    order = make_order(sale)
    make_dispute(order)
    assert "Stripe refuses to refund the payment as well" in refund_page(merchant, order)


def test_the_refund_form_says_what_a_refund_does_to_an_inquiry(
    merchant: Merchant, sale: Sale
) -> None:
    order = make_order(sale)
    make_dispute(order, "warning_needs_response", is_refundable=True)
    page = refund_page(merchant, order)
    assert "has taken no money yet. Once all of it is refunded, it takes none." in page
    assert "Stripe refuses" not in page


def test_the_refund_form_says_nothing_of_a_dispute_that_was_won(
    merchant: Merchant, sale: Sale
) -> None:
    order = make_order(sale)
    make_dispute(order, "won")
    page = refund_page(merchant, order)
    assert "€9.98 of this order can go back" in page
    assert "bank" not in page


def test_of_a_lost_order_nothing_can_be_refunded(merchant: Merchant, sale: Sale) -> None:
    order = make_order(sale)
    make_dispute(order, "lost")
    assert "Refund…" not in merchant.open(page_of(order)).text
    path = reverse("admin:checkout_order_refund", args=[order.pk])
    answer = merchant.client.get(path, follow=True)
    assert "can go back: its bank has the money back." in answer.content.decode()
