"""The facts of an offer are those of now, though most of them are taken from the showcase."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shop.catalog.models import Product, Variant
from shop.core.shopper import Shopper
from shop.orders.offer_facts import Facts, read_facts
from shop.qa.pytest_plugin.client import ShopClient, read
from shop.qa.pytest_plugin.factories import CLOSES, OPENS, add_deal, make_product
from shop.sales.holds import extend, recall
from shop.sales.minting import freeze
from shop.sales.models import Deal, Restoration, Sale
from shop.sales.showcase import showcase
from shop.sales.snapshot_queries import KEPT_AFTER_END
from tests.support.fixtures import Card, Clock

# Whoever is in a transaction reads all anew.
pytestmark = pytest.mark.django_db(transaction=True)

SECOND = timedelta(seconds=1)


def facts_of(sku: str = "MUG-01", *, sale: str = "autumn", shopper: str = "A" * 22) -> Facts:
    """The facts of an offer that the showcase shows."""
    deal = showcase.snapshot(OPENS).deal(sale, sku)
    assert deal is not None
    offer = read(freeze(deal, shopper=shopper, now=OPENS))
    return read_facts([offer], skus=[sku], shopper=Shopper([shopper], ["shopper"]), now=OPENS)


def sql_of(act: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        act()
    return [each["sql"] for each in queries]


def test_at_rest_the_showcase_is_taken_with_one_small_query(sale: Sale) -> None:
    on_show = showcase.snapshot(OPENS)
    [sql] = sql_of(facts_of)
    assert "sales_sale" not in sql
    assert facts_of().snapshot is on_show


def test_units_are_those_of_now(sale: Sale) -> None:
    showcase.snapshot(OPENS)
    Variant.objects.filter(sku="MUG-01").update(stock=7, claimed=5)
    sale.deals.filter(product__sku="MUG-01").update(claimed=5)
    assert len(sql_of(facts_of)) == 1
    deal = facts_of().snapshot.deal("autumn", "MUG-01")
    assert deal is not None
    assert (deal.left, deal.claimed, deal.product.left) == (2, 5, 2)


def cancel(sale: Sale) -> None:
    Sale.objects.filter(pk=sale.pk).update(state=Sale.State.CANCELED)


def take_back(sale: Sale) -> None:
    recall(sale=sale, reason="Wrong price.", by=None, now=OPENS)


def take_back_a_deal(sale: Sale) -> None:
    mug = sale.deals.get(product__sku="MUG-01")
    recall(sale=sale, deal=mug, reason="Wrong price.", by=None, now=OPENS)


def hold_longer(sale: Sale) -> None:
    extend(sale=sale, seconds=300, by=None, now=OPENS + SECOND)


def reduce(sale: Sale) -> None:
    Deal.objects.filter(sale=sale).update(price=1)


def withdraw(sale: Sale) -> None:
    Deal.objects.filter(sale=sale).update(withdrawn=True)


def rename(sale: Sale) -> None:
    Product.objects.filter(sku="MUG-01").update(name="Another mug", list_price=1)


def close_at_once(sale: Sale) -> None:
    Sale.objects.filter(pk=sale.pk).update(ends_at=OPENS + SECOND)


def restore(sale: Sale) -> None:
    Restoration.objects.create(noticed_at=OPENS, backup_at=OPENS)


CHANGES = (
    *(cancel, take_back, take_back_a_deal, hold_longer, reduce, withdraw, rename, close_at_once),
    restore,
)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_known_at_once(change: Callable[[Sale], None], sale: Sale) -> None:
    showcase.snapshot(OPENS)
    change(sale)
    facts = facts_of()
    showcase.clear()
    whole = facts_of()
    assert facts.snapshot.deal("autumn", "MUG-01") == whole.snapshot.deal("autumn", "MUG-01")
    assert facts.snapshot.products["MUG-01"] == whole.snapshot.products["MUG-01"]
    assert facts.snapshot.list_deals["MUG-01"] == whole.snapshot.list_deals["MUG-01"]
    assert facts.snapshot.sales["autumn"].ends_at == whole.snapshot.sales["autumn"].ends_at
    assert facts.snapshot.is_checkout_closed == whole.snapshot.is_checkout_closed


def test_a_recall_is_obeyed_by_the_next_bag(sale: Sale, shopper: ShopClient) -> None:
    shopper.add(shopper.offer())
    assert shopper.bag().verdicts == []
    take_back(sale)
    assert shopper.bag().verdicts == ["recalled"]


def test_an_order_counts_at_once(sale: Sale, buyer: ShopClient, card: Card) -> None:
    message = buyer.offer()
    assert buyer.order(card()).order_status == "paid"
    assert buyer.add(message, quantity=2).verdicts == ["over_limit"]


def test_an_offer_of_a_sale_that_the_showcase_keeps_no_more_has_expired(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    message = shopper.offer()
    assert read(message).sale == "autumn"
    Product.objects.update(sold_at_list_price=False)
    clock.move_to(CLOSES + KEPT_AFTER_END + SECOND)
    showcase.clear()
    assert "autumn" not in showcase.snapshot(CLOSES + KEPT_AFTER_END + SECOND).sales
    assert shopper.add(message).verdicts == ["expired"]


def test_a_product_that_has_come_since_is_known(sale: Sale, shopper: ShopClient) -> None:
    showcase.snapshot(OPENS)
    add_deal(sale, make_product("CUP-01", "Cup"), 300)
    assert shopper.add(shopper.offer("CUP-01")).status == 303
    assert shopper.bag().lines == {"CUP-01": 300}
