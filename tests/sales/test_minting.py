"""Minting: what is prepared once for a deal says the same to everybody, and ends with its key."""

import json
from datetime import timedelta

import pytest
from pytest_django import Settings

from offers import conf
from offers.anchors import new_id
from offers.realms import entered
from offers.tokens import UnknownKey, key_hint, read_offer
from shop.qa.pytest_plugin.factories import HOLD, OPENS, new_key
from shop.sales.minting import freeze, freeze_all
from shop.sales.models import Sale
from shop.sales.showcase import showcase
from shop.sales.snapshot import DealSnapshot
from tests.support.factories import change

SECOND = timedelta(seconds=1)


def the_deals() -> tuple[DealSnapshot, ...]:
    return showcase.snapshot(OPENS).sales["autumn"].deals_on_show


def test_each_offer_of_a_page_has_the_terms_of_its_deal_and_its_own_id(sale: Sale) -> None:
    shopper, deals = new_id(), the_deals()
    frozen = freeze_all(deals, shopper, OPENS + SECOND / 2)
    offers = [read_offer(message, conf.ring()) for message, _ in frozen]
    assert [(each.sale, each.sku, each.amount) for each in offers] == [
        (deal.sale, deal.product.sku, deal.amount) for deal in deals
    ]
    assert {each.shopper for each in offers} == {shopper}
    assert {each.issued_at for each in offers} == {int(OPENS.timestamp())}
    assert [each.expires_at for each in offers] == [expires_at for _, expires_at in frozen]
    assert {each.held_until for each in offers} == {OPENS + HOLD}
    assert len({each.id for each in offers}) == len(offers) == 2


def test_deals_that_are_held_for_different_times_stand_on_one_page(sale: Sale) -> None:
    deal = the_deals()[0]
    at_list = showcase.snapshot(OPENS).list_deals[deal.product.sku]
    change(sale, OPENS, hold_seconds=60)
    showcase.clear()
    shorter = the_deals()[0]
    frozen = freeze_all([shorter, at_list, shorter], new_id(), OPENS)
    ends = [read_offer(message, conf.ring()).held_until - OPENS for message, _ in frozen]
    assert ends == [timedelta(seconds=60), at_list.hold, timedelta(seconds=60)]


def test_once_another_key_signs_the_same_deal_is_signed_by_it(
    sale: Sale, settings: Settings
) -> None:
    old, deal = conf.ring().active, the_deals()[0]
    freeze(deal, shopper=new_id(), now=OPENS)
    settings.OFFER_KEYS = json.dumps({"keys": [new_key("new")]})
    assert key_hint(freeze(deal, shopper=new_id(), now=OPENS)) == "new"
    assert old not in deal.prepared


def test_a_preview_prepares_offers_that_are_good_in_it_alone(sale: Sale) -> None:
    deal = the_deals()[0]
    with entered("preview"):
        previewed = freeze(deal, shopper=new_id(), now=OPENS)
        assert read_offer(previewed, conf.ring()).sku == deal.product.sku
    real = freeze(deal, shopper=new_id(), now=OPENS)
    assert read_offer(real, conf.ring()).sku == deal.product.sku
    with pytest.raises(UnknownKey):
        read_offer(previewed, conf.ring())
