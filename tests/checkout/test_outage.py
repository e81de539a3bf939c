"""A shop without its database: 503 and one line of the log, nothing typed is lost."""

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client

from shop.core.middleware import ShopperMiddleware
from shop.orders.models import Order, StripeEvent
from shop.payments import settlement
from shop.qa.pytest_plugin.back_office import Merchant, fields_of
from shop.qa.pytest_plugin.client import ADDRESS, HtmlPage, ShopClient
from shop.qa.pytest_plugin.stripe import Stripe
from shop.sales.models import Sale
from shop.sales.showcase import showcase
from tests.support.fixtures import Card
from tests.support.outages import console, database_away

pytestmark = pytest.mark.django_db(transaction=True)


def one_line(log: str) -> str:
    """The only line of a log of which nothing is a traceback."""
    lines = log.splitlines()
    assert len(lines) == 1, log
    return lines[0]


@pytest.mark.parametrize("path", ["/", "/sales/autumn/", "/products/stoneware-mug/", "order"])
def test_a_cold_page_says_when_to_come_again(buyer: ShopClient, card: Card, path: str) -> None:
    order = buyer.order(card()).path
    showcase.clear()
    with database_away(), console() as log:
        answer = buyer.client.get(order if path == "order" else path)
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert answer["Cache-Control"] == "private, no-store"
    assert "nothing is charged twice" in answer.content.decode()
    told = [line for line in log.getvalue().splitlines() if "is not answered" in line]
    assert len(told) == 1 and "Traceback" not in log.getvalue()
    assert order not in log.getvalue()


def test_the_order_page_of_an_outage_shows_the_order_once_it_is_over(
    buyer: ShopClient, card: Card
) -> None:
    order = buyer.order(card()).path
    with database_away():
        assert buyer.open(order).status == 503
    assert buyer.open(order).order_status == "paid"


def test_checkout_says_503_and_shows_the_form_with_the_bag(buyer: ShopClient) -> None:
    with database_away():
        page = buyer.open("/checkout/")
    assert (page.status, page.total) == (503, 499)
    assert "We cannot take orders this minute." in page.text
    assert page.one("[data-held-until]")


def test_the_typed_address_and_the_bag_outlive_an_outage(buyer: ShopClient, card: Card) -> None:
    token, bag = card(), buyer.cookie("bag")
    with database_away(), console() as log:
        page = buyer.order(token, shown_total=499, line2="Flat 3")
    assert (page.status, page.total) == (503, 499)
    assert buyer.cookie("bag") == bag
    assert token not in page.html
    fields = fields_of(page.one("#checkout"))
    assert fields.items() >= {**ADDRESS, "line2": "Flat 3"}.items()
    assert "Ada" not in log.getvalue() and "Traceback" not in log.getvalue()
    assert log.getvalue().count("POST /checkout/ is not answered") == 1
    assert not Order.objects.exists()
    paid = buyer.send("/checkout/", fields | {"confirmation_token": token})
    assert (paid.status, paid.order_status) == (303, "paid")


def test_a_cold_shop_carries_the_typed_address_in_hidden_fields(
    buyer: ShopClient, card: Card
) -> None:
    token = card()
    showcase.clear()
    with database_away():
        page = buyer.order(token, shown_total=499)
    assert page.status == 503
    assert token not in page.html
    again = buyer.send("/checkout/", fields_of(page.one("main form")))
    assert again.status == 422
    assert fields_of(again.one("#checkout")).items() >= ADDRESS.items()


def test_an_outage_right_after_the_charge_leads_to_one_paid_order(
    buyer: ShopClient, card: Card, stripe: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose_the_database(*args: object, **kwargs: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(settlement, "settle", lose_the_database)
    page = buyer.order(card(), shown_total=499)
    assert page.status == 503
    assert "nothing is charged twice" in page.text
    monkeypatch.undo()
    again = buyer.order(card(), shown_total=499)
    assert (again.status, again.order_status) == (303, "paid")
    assert [each["charged"] for each in stripe.ledger()] == [499]


def test_an_event_of_stripe_comes_again_after_the_outage(buyer: ShopClient, card: Card) -> None:
    buyer.order(card("pm_card_visa_chargeDeclined"))
    order = Order.objects.get()
    about = {"id": order.payment_intent, "metadata": {}}
    event = {"id": "evt_1", "type": "payment_intent.canceled", "data": {"object": about}}
    with database_away(), console() as log:
        assert Stripe.deliver(event) == 503
    assert "/stripe/webhook/" in one_line(log.getvalue())
    assert Stripe.deliver(event) == 200
    assert StripeEvent.objects.get().acted_at is not None


def test_an_offer_of_a_cold_shop_can_be_sent_again(sale: Sale, shopper: ShopClient) -> None:
    message = shopper.offer()
    showcase.clear()
    with database_away():
        page = shopper.add(message, 2)
        by_script = shopper.send("/bag/add/", {"offer": message, "quantity": 2}, htmx=True)
    assert page.status == by_script.status == 503
    assert "<html" not in by_script.html and "<input" not in by_script.html
    assert shopper.send("/bag/add/", fields_of(page.one("main form"))).status == 303
    assert shopper.bag().lines == {"MUG-01": 499}


def test_the_back_office_gives_back_what_was_typed(sale: Sale, merchant: Merchant) -> None:
    path = f"/merchant/sales/sale/{sale.pk}/extend/"
    typed = fields_of(merchant.open(path).one("form:has([name=seen])"))
    with database_away(), console() as log:
        assert merchant.client.get("/merchant/").status_code == 503
        answer = merchant.client.post(path, typed | {"minutes": "7", "reason": "The network"})
    page = HtmlPage.of(answer, path)
    assert page.status == 503 and "The database does not answer." in page.text
    assert "Traceback" not in log.getvalue()
    sent = merchant.client.post(path, fields_of(page.one("main form")))
    assert sent.status_code == 302
    assert sale.extensions.get().reason == "The network"


def test_a_login_in_an_outage_repeats_no_password(db: None) -> None:
    with database_away():
        answer = Client().post(
            "/merchant/login/", {"username": "ada", "password": "a secret of hers"}
        )
    assert answer.status_code == 503
    assert "secret" not in answer.content.decode()


def test_a_middleware_that_meets_the_outage_answers_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> HttpResponse:
        raise OperationalError("away")

    monkeypatch.setattr(ShopperMiddleware, "__call__", fail)
    client = Client(raise_request_exception=False)
    with console() as log:
        answer = client.get("/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert "GET / is not answered" in one_line(log.getvalue())
