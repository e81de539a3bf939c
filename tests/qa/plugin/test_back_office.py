"""The plugin's merchant: what the back office refuses is not taken for done."""

import pytest

from shop.qa.pytest_plugin.back_office import ActionRefused, Merchant
from shop.sales.models import Deal, Sale


@pytest.fixture
def deal(sale: Sale) -> Deal:
    return sale.deals.select_related("product", "sale").get(product__sku="MUG-01")


def test_a_price_is_changed_by_the_form_of_the_sale(merchant: Merchant, deal: Deal) -> None:
    merchant.set_price(deal, 599)
    deal.refresh_from_db()
    assert deal.price == 599


def test_a_price_that_the_form_refuses_is_not_taken_for_changed(
    merchant: Merchant, deal: Deal
) -> None:
    with pytest.raises(ActionRefused, match="above zero"):
        merchant.set_price(deal, 0)
    deal.refresh_from_db()
    assert deal.price == 499


def test_an_act_that_is_impossible_is_not_taken_for_done(merchant: Merchant, sale: Sale) -> None:
    merchant.cancel(sale)
    with pytest.raises((ActionRefused, AssertionError)):
        merchant.cancel(sale)
