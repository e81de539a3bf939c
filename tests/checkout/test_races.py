"""Claims under real concurrency: threads with connections of their own, all at once."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connections
from django.utils import timezone

from offers.anchors import new_id
from shop.bag.lines import Bag, Line
from shop.catalog.models import Variant
from shop.checkout.models import Order
from shop.checkout.placing import Address, NotPlaced, TooManyOpen, place_order
from shop.sales.models import Deal, LimitUse, Sale
from shop.sales.offering import freeze, mint
from shop.sales.rows import read_goods
from shop.shopper import Shopper
from tests.shop import ADDRESS, add_deal, make_product, make_sale

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def live_sale() -> Sale:
    """A sale that runs now, on the real clock: threads are not to share a frozen one."""
    now = timezone.now()
    return make_sale(starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1))


def bag_of(shopper: str, sku: str = "MUG-01", quantity: int = 1) -> Bag:
    """A bag with one fresh offer of the sale."""
    now = timezone.now()
    deal = read_goods(now).deal("autumn", sku)
    assert deal is not None
    bag = Bag()
    bag.put(Line(freeze(mint(deal, shopper=shopper, now=now)), {sku: quantity}))
    return bag


def order(bag: Bag, shopper: str, email: str) -> str:
    """Place an order as one request would; what came of it."""
    [line] = bag.lines
    assert line.offer is not None
    try:
        place_order(
            bag=Bag(_cookie(bag)),
            shopper=Shopper([shopper], ["shopper"]),
            address=Address(**{**ADDRESS, "email": email}),
            shown_total=line.offer.amount * line.quantity,
            card_fingerprint=None,
            now=timezone.now(),
        )
    except TooManyOpen:
        return "too many open"
    except NotPlaced as refusal:
        verdict = refusal.verdict or refusal.judged.lines[0].verdict
        return verdict.value
    return "placed"


def at_once(acts: list[Callable[[], str]], threads: int = 16) -> Counter[str]:
    """Do all of it, ``threads`` at a time and the first of them in the same instant."""
    barrier = Barrier(threads)

    def act(number: int) -> str:
        if number < threads:
            barrier.wait(timeout=10)
        try:
            return acts[number]()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return Counter(pool.map(act, range(len(acts))))


def test_64_shoppers_after_20_units_are_sold_exactly_20(live_sale: Sale) -> None:
    Variant.objects.filter(sku="MUG-01").update(stock=20)
    shoppers = [new_id() for _ in range(64)]
    bags = [(bag_of(shopper), shopper) for shopper in shoppers]
    outcomes = at_once(
        [
            lambda bag=bag, shopper=shopper: order(bag, shopper, f"{shopper}@example.org")  # type: ignore[misc]
            for bag, shopper in bags
        ]
    )
    assert outcomes == {"placed": 20, "sold_out": 44}
    assert Variant.objects.get(sku="MUG-01").claimed == 20
    assert Deal.objects.get(product__sku="MUG-01").claimed == 20
    assert Order.objects.count() == 20


def test_an_allocation_is_never_oversold(live_sale: Sale) -> None:
    Deal.objects.filter(product__sku="LMP-01").update(allocation=5)
    shoppers = [new_id() for _ in range(16)]
    bags = [(bag_of(shopper, "LMP-01"), shopper) for shopper in shoppers]
    outcomes = at_once(
        [
            lambda bag=bag, shopper=shopper: order(bag, shopper, f"{shopper}@example.org")  # type: ignore[misc]
            for bag, shopper in bags
        ]
    )
    assert outcomes == {"placed": 5, "sold_out": 11}


def test_one_offer_sent_from_16_tabs_is_one_order(live_sale: Sale) -> None:
    shopper = new_id()
    bag = bag_of(shopper)
    outcomes = at_once([lambda: order(bag, shopper, "ada@example.org")] * 16)
    assert outcomes == {"placed": 1, "used": 15}
    assert Variant.objects.get(sku="MUG-01").claimed == 1


def test_a_limit_of_two_attacked_from_16_tabs_sells_two(live_sale: Sale) -> None:
    shopper = new_id()
    bags = [bag_of(shopper) for _ in range(16)]
    outcomes = at_once(
        [lambda bag=bag: order(bag, shopper, "ada@example.org") for bag in bags]  # type: ignore[misc]
    )
    assert outcomes == {"placed": 2, "over_limit": 14}
    assert set(LimitUse.objects.values_list("units", flat=True)) == {2}
    assert Variant.objects.get(sku="MUG-01").claimed == 2


def test_a_mail_address_shared_by_16_browsers_is_one_shopper(live_sale: Sale) -> None:
    shoppers = [new_id() for _ in range(16)]
    bags = [(bag_of(shopper), shopper) for shopper in shoppers]
    outcomes = at_once(
        [
            lambda bag=bag, shopper=shopper, number=number: order(  # type: ignore[misc]
                bag, shopper, f"Ada+{number}@example.org"
            )
            for number, (bag, shopper) in enumerate(bags)
        ]
    )
    assert outcomes == {"placed": 2, "over_limit": 14}


def test_a_shopper_with_16_tabs_has_three_orders_open(live_sale: Sale) -> None:
    shopper = new_id()
    for number in range(16):
        add_deal(live_sale, make_product(f"X{number:03d}", f"Thing {number}"), 1000)
    bags = [bag_of(shopper, f"X{number:03d}") for number in range(16)]
    outcomes = at_once(
        [
            lambda bag=bag, number=number: order(bag, shopper, f"{number}@example.org")  # type: ignore[misc]
            for number, bag in enumerate(bags)
        ]
    )
    assert outcomes == {"placed": 3, "too many open": 13}


def _cookie(bag: Bag) -> str:
    """The cookie's value: what another tab of the same browser would send."""
    from shop.bag.cookie import Packed, pack

    return pack([Packed(line.message, line.quantities) for line in bag.lines])
