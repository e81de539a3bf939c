"""The two key rings: what becomes of one closes nothing that the other signed."""

import json

import pytest
from django.test import Client
from pytest_django import Settings

from offers import conf, tokens
from shop.orders.links import ORDER, order_path
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import new_key
from shop.sales.models import Sale
from tests.support.factories import make_order


@pytest.fixture
def links(sale: Sale) -> list[str]:
    """The links of ten receipts."""
    return [order_path(make_order(sale, f"FF-{number}")) for number in range(10)]


def test_voiding_every_offer_key_closes_no_receipt(links: list[str], settings: Settings) -> None:
    settings.OFFER_KEYS = json.dumps({"keys": [new_key("another")]})
    assert [Client().get(link).status_code for link in links] == [200] * 10


def test_voiding_every_key_of_the_site_voids_no_offer_and_all_links(
    links: list[str], shopper: ShopClient, settings: Settings
) -> None:
    offer = shopper.offer()
    settings.SITE_KEYS = json.dumps({"keys": [new_key("another")]})
    assert tokens.read_offer(offer, conf.ring()).sku == "MUG-01"
    assert [Client().get(link).status_code for link in links] == [404] * 10


def test_a_shopper_stays_the_same_when_every_offer_key_is_voided(
    sale: Sale, shopper: ShopClient, settings: Settings
) -> None:
    before = tokens.read_offer(shopper.offer(), conf.ring()).shopper
    settings.OFFER_KEYS = json.dumps({"keys": [new_key("another")]})
    assert tokens.read_offer(shopper.offer(), conf.ring()).shopper == before


def test_a_link_that_an_offer_key_signed_opens_nothing(sale: Sale) -> None:
    order = make_order(sale)
    token = tokens.sign(ORDER, {"sub": order.number}, conf.ring().active)
    assert Client().get(f"/orders/{token}/").status_code == 404
