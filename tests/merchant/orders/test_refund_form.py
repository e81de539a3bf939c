"""Refunding from the back office: it says what it will do, and does that, once."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from stripe import StripeClient

from shop.orders.models import Order, Refund
from shop.qa.pytest_plugin.back_office import Merchant, errors, fields_of
from shop.qa.pytest_plugin.client import HtmlPage, ShopClient
from shop.sales.models import Sale
from shop.staff.models import Staff
from tests.support.fixtures import Card

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(sale: Sale, shopper: ShopClient, card: Card) -> Order:
    """Two mugs for €4.99 each, paid."""
    shopper.add(shopper.offer(), 2)
    assert shopper.order(card()).order_status == "paid"
    return Order.objects.get()


def path_of(order: Order) -> str:
    return reverse("admin:checkout_order_refund", args=[order.pk])


def fill_in(merchant: Merchant, order: Order, **fields: str) -> dict[str, Any]:
    """The refund form of an order, with one unit of its only line unless told otherwise."""
    line = order.lines.get()
    units = {f"units_{line.pk}": fields.pop("units", "1"), "reason": "It was chipped."}
    return merchant.form(path_of(order)) | units | fields


def send(merchant: Merchant, page: HtmlPage, order: Order) -> HtmlPage:
    """Send the form that a page shows, as it stands."""
    return merchant.send(path_of(order), fields_of(page.one("#content form")))


def test_it_says_what_will_happen_before_it_does_anything(merchant: Merchant, order: Order) -> None:
    page = merchant.send(path_of(order), fill_in(merchant, order))
    said = page.one("#consequences").text
    for sentence in (
        "€4.99 goes back to Ada Lovelace",
        "1 × Stoneware mug: back into stock",
        "€4.99 stays with the shop",
        "ada@example.org gets a mail",
    ):
        assert sentence in said
    assert page.one(".submit-row input")["value"] == "Refund €4.99"
    assert not Refund.objects.exists()


def test_sent_as_it_stands_it_is_carried_out(merchant: Merchant, order: Order) -> None:
    page = merchant.send(path_of(order), fill_in(merchant, order))
    done = send(merchant, page, order)
    refund = Refund.objects.get()
    assert (refund.amount, refund.status) == (499, "succeeded")
    assert (refund.made_by, refund.reason) == (merchant.user, "It was chipped.")
    for shown in ("€4.99 of FF-", "1 × Stoneware mug (into stock)", "Partially refunded"):
        assert shown in done.text
    history = merchant.open(reverse("admin:checkout_order_history", args=[order.pk]))
    assert "It was chipped." in history.text


def test_sent_twice_it_is_carried_out_once(merchant: Merchant, order: Order) -> None:
    page = merchant.send(path_of(order), fill_in(merchant, order))
    form = fields_of(page.one("#content form"))
    merchant.send(path_of(order), form)
    again = merchant.send(path_of(order), form)
    assert "sent twice" in errors(again)
    assert Refund.objects.count() == 1
    send(merchant, send(merchant, again, order), order)
    assert Refund.objects.count() == 2, "sending it again means it"


def test_changed_after_it_was_shown_it_is_shown_again(merchant: Merchant, order: Order) -> None:
    page = merchant.send(path_of(order), fill_in(merchant, order))
    form = fields_of(page.one("#content form"))
    line = order.lines.get()
    again = merchant.send(path_of(order), form | {f"units_{line.pk}": "2"})
    assert "€9.98 goes back" in again.one("#consequences").text
    assert not Refund.objects.exists()


def test_units_can_be_written_off(merchant: Merchant, order: Order) -> None:
    form = fill_in(merchant, order, units="2")
    del form[f"restock_{order.lines.get().pk}"]
    page = merchant.send(path_of(order), form)
    assert "2 × Stoneware mug: written off" in page.one("#consequences").text
    assert "refunded in full" in page.one("#consequences").text
    send(merchant, page, order)
    assert order.lines.get().restocked == 0
    assert order.lines.get().refunded == 2


@pytest.mark.parametrize(
    "fields", [{"units": "0"}, {"units": "3"}, {"units": "-1"}, {"reason": ""}]
)
def test_no_wrong_refund_is_made(merchant: Merchant, order: Order, fields: dict[str, str]) -> None:
    page = merchant.send(path_of(order), fill_in(merchant, order, **fields))
    assert errors(page)
    assert not Refund.objects.exists()


def test_a_refusal_of_stripes_is_told_with_its_reason(
    merchant: Merchant, order: Order, stripe_api: StripeClient
) -> None:
    page = merchant.send(path_of(order), fill_in(merchant, order))
    stripe_api.v1.refunds.create({"payment_intent": order.payment_intent})
    told = send(merchant, page, order)
    assert "Stripe does not refund" in told.text
    assert "already been refunded" in told.text


def test_a_refund_is_kept_without_stripe(merchant: Merchant, order: Order, settings: Any) -> None:
    page = merchant.send(path_of(order), fill_in(merchant, order))
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    told = send(merchant, page, order)
    assert "do not make another" in told.text
    assert Refund.objects.get().status == "pending"


def test_it_is_reached_from_the_orders_page(merchant: Merchant, order: Order) -> None:
    change = reverse("admin:checkout_order_change", args=[order.pk])
    assert "Refund…" in merchant.open(change).text
    data = {"action": "refund", "_selected_action": [order.pk]}
    page = merchant.send(reverse("admin:checkout_order_changelist"), data)
    assert "can go back" in page.text


def test_an_order_with_nothing_left_is_not_refunded(merchant: Merchant, order: Order) -> None:
    Order.objects.update(status="pending", paid_at=None)
    page = merchant.send(path_of(order), {})
    assert f"Nothing of {order} can go back." in page.text


def test_staff_who_may_only_look_refund_nothing(client: Client, order: Order) -> None:
    client.force_login(Staff.objects.create_user("clerk", is_staff=True))
    assert client.get(path_of(order)).status_code == 403
    assert client.post(path_of(order), {}).status_code == 403
