"""Where an order may go: what nothing can be sent to is refused before anything is claimed."""

import pytest

from shop.orders.models import Order
from shop.qa.pytest_plugin.client import ShopClient
from tests.support.fixtures import Card

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("email", "said"),
    [
        ("ada@localhost", "No mail gets to localhost"),
        ("ada@shop.test", "ends in .test"),
        ("josé@example.org", "letters a to z"),
    ],
)
def test_a_mail_address_that_mail_cannot_reach_is_refused(
    email: str, said: str, buyer: ShopClient, card: Card
) -> None:
    page = buyer.order(card(), email=email)
    assert page.status == 422
    assert said in page.html
    assert page.one("[name=email]")["value"] == email
    assert not Order.objects.exists()


def test_a_kelvin_sign_is_a_k_and_the_receipt_arrives(
    buyer: ShopClient, another_shopper: ShopClient, card: Card
) -> None:
    buyer.add(buyer.offer())
    assert buyer.order(card(), email="\u212aim@example.org").order_status == "paid"
    assert Order.objects.get().email == "Kim@example.org"
    another_shopper.add(another_shopper.offer())
    again = another_shopper.order(card(), email="kim@example.org")
    assert again.verdicts == ["over_limit"]
