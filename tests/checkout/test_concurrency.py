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
from django.db.models import QuerySet
from django.utils import timezone
from pytest_django import Settings

from offers.anchors import new_id
from shop.bag.cookie import Packed, pack
from shop.bag.lines import Bag, Line
from shop.catalog.models import Variant
from shop.checkout.placing import Address, place_order
from shop.checkout.refusals import NotPlaced, TooManyOpen, TooManyUnpaid
from shop.core.shopper import Shopper
from shop.orders.hoarding import network_key
from shop.orders.models import OPEN, ClaimOrigin, Order, OrderLine
from shop.payments.settlement import expire_due
from shop.qa.pytest_plugin import client
from shop.qa.pytest_plugin.client import ADDRESS
from shop.qa.pytest_plugin.factories import add_deal, make_product, make_sale
from shop.sales.minting import freeze
from shop.sales.models import Deal, LimitUse, Sale
from shop.sales.snapshot_queries import read_snapshot
from tests.checkout import race_runner
from tests.support.factories import make_order
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

    def said(self, word: str) -> int:
        """How many answers had a word in what they said."""
        return sum(times for outcome, times in self.outcomes.items() if word in outcome)


class Servers(JobRunner):
    """Server processes that can be rushed."""

    def rush(
        self,
        browsers: list[dict[str, Any]],
        attempts: int = 1,
        *,
        processes: int = PROCESSES,
        threads: int = THREADS,
    ) -> Rush:
        """Let all browsers come at once, so many times each."""
        met = self.run(browsers=browsers, attempts=attempts, processes=processes, threads=threads)
        return Rush(json.loads(met))


@pytest.fixture(scope="module")
def servers(django_db_setup: None) -> Iterator[Servers]:
    servers = Servers(race_runner, {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"})
    yield servers
    servers.stop()


def browser(someone: client.ShopClient, *cards: str, **form: str) -> dict[str, Any]:
    """A tab of someone's as it is now, with the mug in its bag, and the cards to pay with."""
    cookies = {name: each.value for name, each in someone.client.cookies.items()}
    return {
        "cookies": cookies,
        "form": {**ADDRESS, "shown_total": "499", **form},
        "cards": cards,
        "address": someone.client.defaults["REMOTE_ADDR"],
    }


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
    Back or a double click. All come once more in turn, with a card that pays: a shopper's last
    attempt in the rush may be the one that was declined, after everybody else was refused.
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
    canceled = rush.outcomes["cancel 303"]
    assert Order.objects.exclude(status="canceled").count() <= units

    calm = [{**each, "cards": [card(NO_FINGERPRINT)], "wavers": False} for each in browsers]
    after = servers.rush(calm, processes=1, threads=1)
    assert after.refusals == {"422 sold_out"}
    assert Variant.objects.values_list("stock", "claimed").get(sku="MUG-01") == (units, units)
    statuses = Counter(Order.objects.values_list("status", flat=True))
    assert statuses == +Counter(paid=units, canceled=canceled)
    assert len(after.orders) == units
    assert rush.orders <= after.orders
    check_books(ledger(), settled=True)
    check_charges(ledger())


#: Units that a hoarder takes, and browsers of each sort.
HOARDED, HOARDERS, HONEST = 5, 16, 48
DECLINED, ASKS_BANK = "pm_card_visa_chargeDeclined", "pm_card_threeDSecure2Required"


@pytest.mark.verify
@pytest.mark.parametrize("most", [0, HOARDED])
def test_2000_attempts_on_20_units_with_hoarders_among_them_sell_exactly_20(
    live_sale: Sale, servers: Servers, card: Card, ledger: Ledger, settings: Settings, most: int
) -> None:
    """A quarter of the browsers never pay: they are of two networks, and want five units each.

    Of those, half show cards that are declined, half leave their bank's question open. They come
    one after the other before the rush, and in it. Then their claims lapse and all come again; and
    once more, the hoarders not.
    """
    settings.UNPAID_PER_NETWORK = most
    Deal.objects.filter(product__sku="MUG-01").update(max_per_shopper=1000)
    Variant.objects.filter(sku="MUG-01").update(stock=20)
    attempts = 12
    hoarders = [hoarder(number, card, attempts) for number in range(HOARDERS)]
    honest = []
    for number in range(HONEST):
        someone = client.ShopClient()
        assert someone.add(someone.offer()).status == 303
        # One in four mistypes at first.
        cards = [card(DECLINED)] * (number % 4 == 0) + [card(NO_FINGERPRINT)]
        honest.append(browser(someone, *cards, email=f"shopper-{number}@example.org"))

    first = servers.rush(hoarders, processes=1, threads=1)
    rows = [row("before the rush", first)]
    rush = servers.rush([*hoarders, *honest], attempts)
    rows.append(row("the rush", rush))
    lapse()
    again = servers.rush([*hoarders, *honest], attempts)
    rows.append(row("ten minutes later", again))
    lapse()
    alone = servers.rush(honest, attempts)
    rows.append(row("and ten more", alone))

    made = sum(sum(each.outcomes.values()) for each in (first, rush, again, alone))
    print(f"\n{made} attempts on 20 units; a network may keep {most or 'any number'} unpaid:")
    print("\n".join(rows))
    assert made >= 2000
    answers = {each.partition(" ")[0] for each in (rush.outcomes | again.outcomes)}
    assert answers <= {"303", "422"}
    assert alone.said("connection") == 0
    assert (first.said("connection") > 0) == bool(most)
    assert Variant.objects.values_list("stock", "claimed").get(sku="MUG-01") == (20, 20)
    assert units_of(Order.objects.filter(status="paid")) == 20
    assert not Order.objects.filter(status="paid", email__startswith="hoarder").exists()
    assert not ClaimOrigin.objects.exists()
    check_books(ledger(), settled=True)
    check_charges(ledger())


def hoarder(number: int, card: Card, attempts: int) -> dict[str, Any]:
    """A fresh browser of one of two networks that takes units and does not pay."""
    someone = client.ShopClient(f"127.0.0.{66 + number % 2}")
    assert someone.add(someone.offer(), HOARDED).status == 303
    methods = [ASKS_BANK] if number % 4 > 1 else [DECLINED] * 2 * (attempts + 1)
    form = {"email": f"hoarder-{number}@example.org", "shown_total": str(499 * HOARDED)}
    return browser(someone, *map(card, methods), **form)


def row(name: str, rush: Rush) -> str:
    """What came of a rush, as a line of a table."""
    held = Order.objects.filter(status__in=OPEN)
    hoarded = units_of(held.filter(email__startswith="hoarder"))
    return (
        f"{name:18} {units_of(Order.objects.filter(status='paid')):3} sold to honest shoppers, "
        f"{hoarded:3} kept by hoarders, {units_of(held) - hoarded:3} by others; refused: "
        f"{rush.said('sold_out'):4} times sold out, {rush.said('connection'):4} times by the bound"
    )


def lapse() -> None:
    """Let the time of all that is unpaid be over."""
    Order.objects.filter(status__in=OPEN).update(lapses_at=timezone.now())
    expire_due(timezone.now())


def units_of(orders: QuerySet[Order]) -> int:
    """The units of some orders."""
    return sum(line.quantity for line in OrderLine.objects.filter(order__in=orders))


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
    bag.put(Line(freeze(deal, shopper=shopper, now=now), {sku: 1}))
    return bag


def order(bag: Bag, shopper: str, email: str, address: str = "") -> str:
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
            network=network_key(address),
            now=timezone.now(),
        )
    except TooManyOpen:
        return "too many open"
    except TooManyUnpaid:
        return "too many unpaid"
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


def keep_unpaid(sale: Sale, units: int, address: str) -> None:
    """Let a network keep so many mugs, of which the payment was declined."""
    in_time = timezone.now() + timedelta(minutes=5)
    unpaid = make_order(sale, status="pending", paid_at=None, lapses_at=in_time)
    unpaid.lines.update(quantity=units)
    ClaimOrigin.objects.create(
        order=unpaid, network=network_key(address), counts_from=timezone.now()
    )


@pytest.mark.parametrize(
    ("units", "came_of_it"), [(9, {"placed": 16}), (10, {"too many unpaid": 16})]
)
def test_of_many_who_come_at_once_from_one_network_all_are_served_or_none(
    live_sale: Sale, units: int, came_of_it: dict[str, int]
) -> None:
    keep_unpaid(live_sale, units, "192.0.2.1")
    orders = [
        partial(order, bag_of(shopper), shopper, f"{shopper}@example.org", "192.0.2.1")
        for shopper in (new_id() for _ in range(16))
    ]
    assert at_once(orders) == came_of_it


def test_neighbors_of_a_network_that_is_refused_are_served_at_the_same_time(
    live_sale: Sale,
) -> None:
    keep_unpaid(live_sale, 10, "192.0.2.1")
    orders = [
        partial(order, bag_of(shopper), shopper, f"{shopper}@example.org", f"192.0.2.{number % 2}")
        for number, shopper in enumerate(new_id() for _ in range(16))
    ]
    assert at_once(orders) == {"placed": 8, "too many unpaid": 8}


def test_a_shopper_with_16_tabs_has_three_orders_open(live_sale: Sale) -> None:
    shopper = new_id()
    for number in range(16):
        add_deal(live_sale, make_product(f"X{number:03d}", f"Thing {number}"), 1000)
    orders = [
        partial(order, bag_of(shopper, f"X{number:03d}"), shopper, f"{number}@example.org")
        for number in range(16)
    ]
    assert at_once(orders) == {"placed": 3, "too many open": 13}
