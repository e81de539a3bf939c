"""Orders in the back office: shown and found, and never edited."""

import pytest
from django.urls import reverse

from shop.orders.models import Order, StatusChange
from shop.qa.pytest_plugin.back_office import Merchant, page_of
from shop.sales.models import Sale
from tests.support.factories import make_order


@pytest.fixture
def order(sale: Sale) -> Order:
    """Two mugs for €4.99 each, paid."""
    order = make_order(sale)
    StatusChange.objects.filter(to_status="paid").update(cause="webhook")
    return order


def test_an_order_is_shown_with_its_lines_and_its_history(merchant: Merchant, order: Order) -> None:
    page = merchant.open(page_of(order))
    for shown in ("FF-12345678", "Stoneware mug", "€4.99", "€9.98", "webhook"):
        assert shown in page.text


@pytest.mark.parametrize("query", ["FF-12345678", "ada@example.org", "MUG-01"])
def test_an_order_is_found(merchant: Merchant, order: Order, query: str) -> None:
    page = merchant.open(reverse("admin:checkout_order_changelist") + f"?q={query}")
    assert len(page.soup.select("#result_list tbody tr")) == 1
    missed = merchant.open(reverse("admin:checkout_order_changelist") + "?q=nothing")
    assert len(missed.soup.select("#result_list tbody tr")) == 0


def test_an_order_is_neither_made_changed_nor_deleted(merchant: Merchant, order: Order) -> None:
    assert merchant.open(reverse("admin:checkout_order_add")).status == 403
    assert merchant.send(page_of(order), {"status": "refunded"}).status == 403
    assert merchant.open(reverse("admin:checkout_order_delete", args=[order.pk])).status == 403
    order.refresh_from_db()
    assert order.status == Order.Status.PAID
