"""A sale's rush, with real concurrency, on the database that the tests run on.

The first half is the whole shop: several server processes with several threads
each (``race_runner``), every thread with its own database connection, real
forms to the real WSGI application, and one Stripe stand-in, a process of its
own, whose ledger says what was charged. The second half is the claim alone, in
threads of this process, for rules that need no more to be broken.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from offers.anchors import new_id
from shop.bag.cookie import Packed, pack
from shop.bag.lines import Bag, Line
from shop.catalog.models import Variant
from shop.checkout.placing import Address, NotPlaced, TooManyOpen, place_order
from shop.core.shopper import Shopper
from shop.orders.models import Order
from shop.qa.pytest_plugin import client
from shop.qa.pytest_plugin.client import ADDRESS
from shop.qa.pytest_plugin.factories import add_deal, make_product, make_sale
from shop.sales.minting import freeze, mint
from shop.sales.models import Deal, LimitUse, Sale
from shop.sales.snapshot_queries import read_snapshot
from tests.checkout import race_runner
from tests.support.fixtures import Card, Ledger
from tests.support.invariants import check_books, check_charges
from tests.support.job_runner import JobRunner

pytestmark = pytest.mark.django_db(transaction=True)

TABS = 16

#: SQLite has one writer at a time: it is run as docs/operating.md does.
PROCESSES, THREADS = (4, 16) if connection.vendor == "postgresql" else (2, 4)

#: Cards are counted by their fingerprints, and all test cards of a kind are one.
NO_FINGERPRINT = "pm_card_standIn_noFingerprint"


@pytest.fixture
def live_sale() -> Sale:
    """A sale that runs now, on the real clock: threads are not to share a frozen one."""
    now = timezone.now()
    return make_sale(starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1))


# --- The whole shop -------------------------------------------------------------


class Rush:
    """What browsers met that all came at once."""

    def __init__(self, met: list[tuple[list[str], dict[str, int]]]) -> None:
        self.orders = {order for orders, _ in met for order in orders}
        self.outcomes = sum((Counter(outcomes) for _, outcomes in met), Counter[str]())

    @property
    def refusals(self) -> set[str]:
        """All that was answered besides the way to an order and the receipt of a cancellation."""
        return self.outcomes.keys() - {"303", "cancel 303"}


class Servers(JobRunner):
    """Server processes that can be rushed."""

    def rush(self, browsers: list[dict[str, Any]], attempts: int = 1) -> Rush:
        """Let all browsers come at once, so many times each."""
        met = self.run(browsers=browsers, attempts=attempts, processes=PROCESSES, threads=THREADS)
        return Rush(json.loads(met))


@pytest.fixture(scope="module")
def servers(django_db_setup: None) -> Iterator[Servers]:
    servers = Servers(race_runner, {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"})
    yield servers
    servers.stop()


def browser(someone: client.ShopClient, *cards: str, **form: str) -> dict[str, Any]:
    """A tab of someone's as it is now, with the mug in its bag, and the cards to pay with."""
    cookies = {name: each.value for name, each in someone.client.cookies.items()}
    return {"cookies": cookies, "form": {**ADDRESS, "shown_total": "499", **form}, "cards": cards}


@pytest.mark.parametrize(
    ("shoppers", "units", "attempts"),
    [(16, 5, 128), pytest.param(64, 20, 2048, marks=pytest.mark.verify)],
)
def test_many_shoppers_after_few_units_buy_exactly_these(
    live_sale: Sale,
    servers: Servers,
    card: Card,
    ledger: Ledger,
    shoppers: int,
    units: int,
    attempts: int,
) -> None:
    """Three in four first pay with a card that is declined; a third of those cancel and return.

    The others are fewer than the units. Shoppers who have bought send the same form again, as by
    Back or a double click.
    """
    # They show the same few test cards.
    Deal.objects.filter(product__sku="MUG-01").update(max_per_shopper=shoppers)
    Variant.objects.filter(sku="MUG-01").update(stock=units)
    browsers = []
    for number in range(shoppers):
        someone = client.ShopClient()
        assert someone.add(someone.offer()).status == 303
        cards = [card(NO_FINGERPRINT)]
        if number % 4:
            cards.insert(0, card("pm_card_visa_chargeDeclined"))
        tab = browser(someone, *cards, email=f"shopper-{number}@example.org")
        browsers.append({**tab, "wavers": number % 4 == 1})
    rush = servers.rush(browsers, attempts // shoppers)

    declined = {each for each in rush.refusals if "declined" in each}
    assert rush.refusals - declined == {"422 sold_out"}
    assert declined
    assert sum(rush.outcomes.values()) - rush.outcomes["cancel 303"] == attempts
    assert Variant.objects.values_list("stock", "claimed").get(sku="MUG-01") == (units, units)
    statuses = Counter(Order.objects.values_list("status", flat=True))
    assert statuses == +Counter(paid=units, canceled=rush.outcomes["cancel 303"])
    assert len(rush.orders) == units
    check_books(ledger(), settled=True)
    check_charges(ledger())


def test_one_offer_paid_from_16_tabs_is_one_order(
    live_sale: Sale, servers: Servers, card: Card, ledger: Ledger
) -> None:
    someone = client.ShopClient()
    assert someone.add(someone.offer()).status == 303
    tabs = [browser(someone, card(NO_FINGERPRINT)) for _ in range(TABS)]
    rush = servers.rush(tabs)
    [order] = rush.orders
    assert Order.objects.get().status == "paid"
    assert Variant.objects.get(sku="MUG-01").claimed == 1
    assert sum(each["charges"] for each in ledger()) == 1
    check_books(ledger(), settled=True)
    again = servers.rush(tabs)
    assert (again.orders, again.outcomes) == ({order}, {"303": TABS})
    check_charges(ledger())


def test_a_limit_of_two_attacked_from_16_tabs_sells_two(
    live_sale: Sale, servers: Servers, card: Card, ledger: Ledger
) -> None:
    someone = client.ShopClient()
    tabs = []
    for _ in range(TABS):
        someone.client.cookies.pop("bag", None)
        assert someone.add(someone.offer()).status == 303
        tabs.append(browser(someone, card(NO_FINGERPRINT)))
    rush = servers.rush(tabs)
    assert rush.outcomes["303"] == len(rush.orders) == 2
    assert rush.refusals == {"422 over_limit"}
    assert set(LimitUse.objects.values_list("units", flat=True)) == {2}
    assert Variant.objects.get(sku="MUG-01").claimed == 2
    check_books(ledger(), settled=True)
    check_charges(ledger())


def test_a_server_thread_reads_its_first_bag_while_another_writes(
    live_sale: Sale, servers: Servers, card: Card
) -> None:
    someone = client.ShopClient()
    assert someone.add(someone.offer()).status == 303
    Variant.objects.filter(sku="MUG-01").update(stock=0)
    tab = browser(someone, "ctoken_unused")
    with transaction.atomic():
        Variant.objects.filter(sku="LMP-01").update(stock=1)
        rush = servers.rush([tab])
    assert rush.outcomes == {"422 sold_out": 1}


# --- The claim alone ------------------------------------------------------------


def bag_of(shopper: str, sku: str = "MUG-01") -> Bag:
    """A bag with one fresh offer of the sale."""
    now = timezone.now()
    deal = read_snapshot(now).deal("autumn", sku)
    assert deal is not None
    bag = Bag()
    bag.put(Line(freeze(mint(deal, shopper=shopper, now=now)), {sku: 1}))
    return bag


def order(bag: Bag, shopper: str, email: str) -> str:
    """Place an order as one request would; what came of it."""
    [line] = bag.lines
    assert line.offer is not None
    try:
        place_order(
            # What another tab of the same browser would send.
            bag=Bag(pack([Packed(line.message, line.quantities) for line in bag.lines])),
            shopper=Shopper([shopper], ["shopper"]),
            address=Address(**{**ADDRESS, "email": email}),
            shown_total=line.offer.amount * line.quantity,
            card_fingerprint="",
            now=timezone.now(),
        )
    except TooManyOpen:
        return "too many open"
    except NotPlaced as refusal:
        verdict = refusal.verdict or refusal.judged.lines[0].verdict
        return verdict.value
    return "placed"


def at_once(acts: Sequence[Callable[[], str]], threads: int = 16) -> Counter[str]:
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


def test_an_allocation_is_never_oversold(live_sale: Sale) -> None:
    Deal.objects.filter(product__sku="LMP-01").update(allocation=5)
    shoppers = [new_id() for _ in range(16)]
    orders = [
        partial(order, bag_of(shopper, "LMP-01"), shopper, f"{shopper}@example.org")
        for shopper in shoppers
    ]
    assert at_once(orders) == {"placed": 5, "sold_out": 11}


def test_a_mail_address_shared_by_16_browsers_is_one_shopper(live_sale: Sale) -> None:
    shoppers = [new_id() for _ in range(16)]
    orders = [
        partial(order, bag_of(shopper), shopper, f"Ada+{number}@example.org")
        for number, shopper in enumerate(shoppers)
    ]
    assert at_once(orders) == {"placed": 2, "over_limit": 14}


def test_a_shopper_with_16_tabs_has_three_orders_open(live_sale: Sale) -> None:
    shopper = new_id()
    for number in range(16):
        add_deal(live_sale, make_product(f"X{number:03d}", f"Thing {number}"), 1000)
    orders = [
        partial(order, bag_of(shopper, f"X{number:03d}"), shopper, f"{number}@example.org")
        for number in range(16)
    ]
    assert at_once(orders) == {"placed": 3, "too many open": 13}
