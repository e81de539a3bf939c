"""How an order may be paid: cards alone, unless every sale in it wants debits too."""

import pytest
from stripe import StripeClient

from shop.orders.models import Order
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import CLOSES, OPENS, add_deal, make_product
from shop.sales.models import Sale
from tests.support.fixtures import Card

pytestmark = pytest.mark.django_db(transaction=True)


def methods_of_the_payment(api: StripeClient) -> list[str]:
    return api.v1.payment_intents.retrieve(Order.objects.get().payment_intent).payment_method_types


def test_by_default_an_order_is_paid_by_card_alone(
    buyer: ShopClient, card: Card, stripe_api: StripeClient
) -> None:
    buyer.order(card())
    assert methods_of_the_payment(stripe_api) == ["card"]


def test_a_sale_may_take_debits_too(
    buyer: ShopClient, card: Card, sale: Sale, stripe_api: StripeClient
) -> None:
    Sale.objects.filter(pk=sale.pk).update(delayed_payment=True)
    buyer.order(card())
    assert methods_of_the_payment(stripe_api) == ["card", "sepa_debit"]


def test_one_sale_that_does_not_want_debits_decides_for_the_whole_order(
    buyer: ShopClient, card: Card, sale: Sale, stripe_api: StripeClient
) -> None:
    Sale.objects.filter(pk=sale.pk).update(delayed_payment=True)
    other = Sale.objects.create(
        slug="winter",
        title="Winter",
        starts_at=OPENS,
        ends_at=CLOSES,
        state="published",
        published_at=OPENS,
    )
    add_deal(other, make_product("POT-01", "Enamel pot"), 990)
    buyer.add(buyer.offer("POT-01", sale="winter"))
    buyer.order(card())
    assert methods_of_the_payment(stripe_api) == ["card"]


def test_a_debit_is_processing_until_it_clears(buyer: ShopClient, card: Card, sale: Sale) -> None:
    Sale.objects.filter(pk=sale.pk).update(delayed_payment=True)
    page = buyer.order(card("pm_sepaDebit_standIn_success"))
    assert page.order_status in {"processing", "paid"}
    assert not buyer.bag().lines
