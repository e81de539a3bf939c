"""A process verifies a message once, and judges what it says each time."""

import json

import pytest
from pytest_django import Settings

from offers import conf, tokens
from offers.keys import KeyRing
from offers.terms import Offer
from shop.bag import verified_offers
from shop.core import preview
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import new_key
from shop.sales.models import Sale


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The messages that are verified from here on, in their order."""
    conf.forget()
    messages: list[str] = []
    read = tokens.read_offer

    def noted(message: str, ring: KeyRing) -> Offer:
        messages.append(message)
        return read(message, ring)

    monkeypatch.setattr(tokens, "read_offer", noted)
    return messages


def test_an_offer_is_verified_once_however_often_its_bag_is_shown(
    buyer: ShopClient, verified: list[str]
) -> None:
    buyer.bag()
    buyer.open("/checkout/")
    assert len(verified) == 1


def test_a_forged_message_is_verified_anew_when_it_comes_again(
    sale: Sale, shopper: ShopClient, verified: list[str]
) -> None:
    forged = f"{shopper.offer().rpartition('.')[0]}.{'A' * 43}"
    assert shopper.add(forged).verdicts == ["forged"]
    verified.clear()
    assert shopper.add(forged).verdicts == ["forged"]
    assert forged in verified


def test_voiding_a_key_voids_an_offer_that_was_verified_before(
    buyer: ShopClient, settings: Settings
) -> None:
    assert buyer.bag().verdicts == []
    settings.OFFER_KEYS = json.dumps({"keys": [new_key("another")]})
    assert buyer.bag().verdicts == ["unknown_key"]


def test_a_preview_knows_no_offer_of_the_shop_and_takes_nothing_from_its_memory(
    sale: Sale, shopper: ShopClient, verified: list[str]
) -> None:
    message = shopper.offer()
    verified_offers.read_offer(message)
    with preview.on("/preview/"), pytest.raises(tokens.UnknownKey):
        verified_offers.read_offer(message)
    verified.clear()
    verified_offers.read_offer(message)
    assert verified == []


def test_the_memory_is_bounded(
    monkeypatch: pytest.MonkeyPatch, sale: Sale, shopper: ShopClient, verified: list[str]
) -> None:
    monkeypatch.setattr(verified_offers, "MOST_OFFERS", 1)
    first, second = shopper.offer(), shopper.offer()
    verified.clear()
    for message in (first, second, first):
        verified_offers.read_offer(message)
    assert verified == [first, second, first]
