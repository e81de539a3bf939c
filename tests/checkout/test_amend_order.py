"""A card was declined and the shopper changes something before trying another."""

import pytest
from django.core import mail

from shop.orders.models import Order
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import add_deal, make_product
from shop.sales.models import LimitUse, Sale
from tests.support.fixtures import Card, Clock

pytestmark = pytest.mark.django_db(transaction=True)

DECLINED = "pm_card_visa_chargeDeclined"


def units(kind: LimitUse.Kind) -> list[int]:
    """Units counted by a kind of someone, those of nobody left out."""
    counted = LimitUse.objects.filter(kind=kind, units__gt=0, deal__product__sku="MUG-01")
    return list(counted.values_list("units", flat=True))


def test_a_corrected_address_is_where_the_order_goes(buyer: ShopClient, card: Card) -> None:
    buyer.order(card(DECLINED), line1="12 St Jame's Squre", city="Lodnon")
    buyer.order(card())
    order = Order.objects.get()
    assert (order.status, order.line1, order.city) == ("paid", "12 St James's Square", "London")


def test_a_corrected_mail_address_gets_the_receipt(buyer: ShopClient, card: Card) -> None:
    buyer.order(card(DECLINED), email="adda@example.org")
    buyer.order(card())
    assert [message.to for message in mail.outbox] == [["ada@example.org"]]


def test_a_corrected_mail_address_is_the_one_that_is_counted(buyer: ShopClient, card: Card) -> None:
    buyer.order(card(DECLINED), email="adda@example.org")
    buyer.order(card())
    assert units(LimitUse.Kind.EMAIL) == [1]
    other = ShopClient()
    other.add(other.offer(), 2)
    assert other.order(card("pm_card_mastercard"), email="adda@example.org").status == 303


def test_a_declined_card_does_not_hide_the_one_that_pays(buyer: ShopClient, card: Card) -> None:
    buyer.order(card(DECLINED))
    buyer.order(card())
    other = ShopClient()
    other.add(other.offer(), 2)
    page = other.order(card(), email="bob@example.org")
    assert (page.status, page.verdicts[:1]) == (422, ["over_limit"])
    assert units(LimitUse.Kind.CARD) == [1]


def test_a_card_at_its_limit_is_refused_and_the_claim_kept(buyer: ShopClient, card: Card) -> None:
    full = ShopClient()
    full.add(full.offer(), 2)
    full.order(card(), email="bob@example.org")
    buyer.order(card(DECLINED))
    page = buyer.order(card())
    assert (page.status, page.verdicts[:1]) == (422, ["over_limit"])
    assert Order.objects.get(email="ada@example.org").status == "pending"
    assert buyer.order(card("pm_card_mastercard")).order_status == "paid"


def test_a_bag_with_other_sizes_does_not_pay_for_those_ordered(
    sale: Sale, shopper: ShopClient, card: Card, clock: Clock
) -> None:
    tee = make_product("TEE-01", "Tee", variants={"M": 5, "L": 5})
    add_deal(sale, tee, 990)
    offer = shopper.offer("TEE-01")
    shopper.add(offer, 1, "TEE-01-L")
    older = shopper.client.cookies["bag"].value
    shopper.send("/bag/remove/", {"line": shopper.bag().one("[data-line]")["data-line"]})
    shopper.add(offer, 1, "TEE-01-M")
    shopper.order(card(DECLINED))
    shopper.client.cookies["bag"] = older
    page = shopper.order(card())
    assert (page.status, page.verdicts[:1]) == (422, ["used"])
    assert Order.objects.get().number in page.text
    assert Order.objects.get().status == "pending"
