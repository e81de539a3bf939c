"""The transaction that places an order, against the bare driver doing the same.

Both are placed by several processes at once, each with a connection of its own;
SQLite has one writer at a time, and is given one. The bare loop sends the very
statements that ours sends, recorded from it, one by one, prepared where the driver
can: what is left between the two is Django and our own Python, less the round trips
that ours saves on PostgreSQL.

Timed is ``place_order`` of a bag that was judged before: stock, allocation,
the limits of browser, mail address and card, redemption, order, line, history.
Each order is another shopper's, with another offer, mail address and card.

A ratio of 4 is a quarter of the bare loop's throughput. Both wait for the disk at each commit: the
busier it is, the nearer is the ratio to 1. ``TMPDIR=/dev/shm`` leaves the disk out, and is harder.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import choice
from statistics import quantiles
from unittest.mock import patch

from django.core.management import call_command
from django.db import connection, connections
from django.db.models import Sum
from django.utils import timezone

from benchmarks.databases import as_default, postgres
from benchmarks.measure import Call, Row, in_turn
from benchmarks.sql_replay import Recording, Replay, bare_connection, recorded
from benchmarks.workers import Burst, Job, Workers
from offers.anchors import new_id
from shop.bag.judging import JudgedBag, judge_again, judge_bag
from shop.bag.lines import Bag, Line
from shop.catalog.models import Product, Variant
from shop.checkout import placing
from shop.checkout.placing import Address
from shop.core.compiled_sql import adapt_value
from shop.core.named_locks import key_of
from shop.core.shopper import Shopper
from shop.orders.hoarding import network_key
from shop.orders.limits import card_key, email_key, limit_key
from shop.orders.models import Order, OrderLine, StatusChange
from shop.orders.offer_facts import read_facts
from shop.qa.pytest_plugin.client import ADDRESS
from shop.sales import models
from shop.sales.lifecycle import publish
from shop.sales.minting import freeze
from shop.sales.snapshot import DealSnapshot

#: The ratio, by database.
GOALS = {"PostgreSQL": 1.4, "SQLite": 2}
WORKERS = {"PostgreSQL": 4, "SQLite": 1}
#: Of all workers, in a round.
ORDERS = 20
#: No row begins another round after as many.
SECONDS = 3
DEALS = 100
SLUG = "checkout"
#: Nothing of it stays unpaid for a minute.
ADDRESS_OF_ALL = "192.0.2.1"
#: More than are ever ordered.
STOCK = 1_000_000


def run(rounds: int) -> list[Row]:
    """A row for each database, with one hot deal and with a hundred."""
    with patch.object(placing, "judge_bag", judge):
        on_sqlite = rows("SQLite", rounds)
        with postgres(), as_default("postgres"):
            call_command("migrate", verbosity=0)
            return rows("PostgreSQL", rounds) + on_sqlite


def rows(database: str, rounds: int) -> list[Row]:
    """The rows of what is the default database now."""
    at_once = WORKERS[database]
    orders = OrderWorkload(ORDERS // at_once)
    # No connection is one of two processes.
    connections.close_all()
    with Workers(at_once, orders.jobs) as workers:
        return [row(database, deals, workers, orders.replay, rounds) for deals in (1, DEALS)]


def row(database: str, deals: int, workers: Workers, replay: Replay, rounds: int) -> Row:
    """Orders of so many deals."""
    bursts: dict[str, list[Burst]] = {"ours": [], "bare": [], "whole": []}

    def timed(job: str) -> float:
        burst = workers.burst(job, deals)
        bursts[job].append(burst)
        return burst.seconds_per_call

    times = in_turn(lambda: timed("ours"), lambda: timed("bare"), rounds=rounds, seconds=SECONDS)
    whole = timed("whole")
    notes = (
        f"{len(replay)} statements, {workers.count} at once, {len(times.ratios)} rounds",
        f"ours {figures(times.ours, bursts['ours'])}",
        f"the bare loop {figures(times.baseline, bursts['bare'])}",
        f"{whole * 1e6:,.0f} µs with judging the bag",
        f"{oversells()} oversells in {counted_orders():,} orders",
    )
    many = "1 deal" if deals == 1 else f"{deals} deals"
    return Row(f"checkout, {database}, {many}", times, GOALS[database], notes)


def figures(seconds: float, bursts: Sequence[Burst]) -> str:
    """Throughput, and how long one takes; without the first round, which does not count."""
    waits = [each for burst in bursts[1:] for each in burst.waits]
    percentiles = quantiles(waits, n=100, method="inclusive")
    p50, p99 = (f"{percentiles[at - 1] * 1e3:.1f} ms" for at in (50, 99))
    return f"{1 / seconds:,.0f} tx/s, p50 {p50}, p99 {p99}"


def counted_orders() -> int:
    """How many there are, if each left all its rows; else the comparison would be worth nothing."""
    orders = Order.objects.count()
    each = {OrderLine: 1, StatusChange: 1, models.Redemption: 1, models.LimitUse: 3}
    if any(model._default_manager.count() != orders * rows for model, rows in each.items()):
        raise AssertionError("Some orders lack rows that others have.")
    return orders


def oversells() -> int:
    """Units of orders that the variants and deals have not counted, or do not have."""
    over = 0
    bounds = {"variant": (Variant, "stock"), "deal": (models.Deal, "allocation")}
    for key, (model, bound) in bounds.items():
        sold = dict(OrderLine.objects.values_list(key).annotate(Sum("quantity")))
        counts = model._default_manager.filter(pk__in=sold).values_list("pk", bound, "claimed")
        over += sum(max(abs(sold[pk] - claimed), sold[pk] - most) for pk, most, claimed in counts)
    return over


class JudgedBefore(Bag):
    """A bag that is not judged again."""

    judged: JudgedBag


def judge(bag: Bag, shopper: Shopper, now: datetime) -> JudgedBag:
    """``judge_bag``, which ``place_order`` calls, for bags of both kinds."""
    return bag.judged if isinstance(bag, JudgedBefore) else judge_bag(bag, shopper, now)


@dataclass(frozen=True, slots=True)
class Purchase:
    """An order that is about to be placed: one unit of a deal, by someone new."""

    bag: Bag
    shopper: Shopper
    address: Address
    fingerprint: str
    network: str
    deal: DealSnapshot
    now: datetime

    @property
    def values(self) -> dict[str, object]:
        """What its statements say and no other's, except for the order's number and key."""
        [line] = self.bag.lines
        [variant] = self.deal.product.variants
        return {
            "shopper": self.shopper.id,
            "shoppers": adapt_value([self.shopper.id]),
            "shopper lock": key_of(self.shopper.id),
            "shopper key": limit_key(models.LimitUse.Kind.SHOPPER, self.shopper.id),
            "email": self.address.email,
            "email key": email_key(self.address.email),
            "card key": card_key(self.fingerprint),
            "deal": self.deal.id,
            "variant": variant.id,
            "sku": variant.sku,
            "name": self.deal.product.name,
            "jti": line.id,
            "offer": line.message,
        }

    def place(self) -> Order:
        """Place it as a request would."""
        return placing.place_order(
            bag=self.bag,
            shopper=self.shopper,
            address=self.address,
            shown_total=self.deal.amount,
            card_fingerprint=self.fingerprint,
            network=self.network,
            now=self.now,
        )


class OrderWorkload:
    """Orders to place, by ours and by the bare loop; so many for each worker in a round."""

    def __init__(self, orders: int) -> None:
        self._orders = orders
        self._now = timezone.now()
        skus = fill_shelf(self._now)
        self._facts = read_facts([], skus=skus, shopper=Shopper([], []), now=self._now)
        self._deals = self._facts.snapshot.sales[SLUG].deals
        one, other = (self._recording(deal) for deal in (self._deals[0], self._deals[-1]))
        source = f'INSERT INTO "{Order._meta.db_table}" '
        self.replay = Replay(one, other, key="order", source=source)

    def jobs(self) -> dict[str, Job]:
        """What a worker does, by name. Each takes the number of deals to choose from."""
        connection.ensure_connection()
        bare = bare_connection()

        def placed(deals: int) -> list[Call]:
            return [each.place for each in self._purchases(deals)]

        def placed_judged(deals: int) -> list[Call]:
            return [self._judged(each).place for each in self._purchases(deals)]

        def replayed(deals: int) -> list[Call]:
            return [
                self.replay.call(bare, {**each.values, "number": f"FF-{new_id()}"[:11]})
                for each in self._purchases(deals)
            ]

        return {"ours": placed_judged, "bare": replayed, "whole": placed}

    def _purchases(self, deals: int) -> list[Purchase]:
        return [self._purchase(choice(self._deals[:deals])) for _ in range(self._orders)]

    def _purchase(self, deal: DealSnapshot) -> Purchase:
        someone = new_id()
        bag = Bag()
        message = freeze(deal, shopper=someone, now=self._now)
        bag.put(Line(message, {deal.product.variants[0].sku: 1}))
        return Purchase(
            bag=bag,
            shopper=Shopper([someone], ["shopper"]),
            address=Address(**{**ADDRESS, "email": f"{someone}@example.org"}),
            fingerprint=new_id(),
            network=network_key(ADDRESS_OF_ALL),
            deal=deal,
            now=self._now,
        )

    def _judged(self, purchase: Purchase) -> Purchase:
        bag = JudgedBefore()
        bag.lines = purchase.bag.lines
        bag.judged = judge_again(bag, replace(self._facts, shopper=purchase.shopper))
        return replace(purchase, bag=bag)

    def _recording(self, deal: DealSnapshot) -> Recording:
        purchase = self._judged(self._purchase(deal))
        with recorded() as statements:
            order = purchase.place()
        return Recording(statements, {**purchase.values, "number": order.number, "order": order.pk})


def fill_shelf(now: datetime) -> list[str]:
    """A live sale of many products, with stock for everyone; their skus."""
    skus = [f"CHK-{number:03d}" for number in range(DEALS)]
    products = Product.objects.bulk_create(
        Product(sku=sku, slug=sku.lower(), name=f"Product {sku}", list_price=4990, currency="EUR")
        for sku in skus
    )
    Variant.objects.bulk_create(
        Variant(product=product, sku=product.sku, stock=STOCK) for product in products
    )
    sale = models.Sale.objects.create(
        slug=SLUG,
        title="Checkout",
        starts_at=now - timedelta(minutes=5),
        ends_at=now + timedelta(minutes=55),
    )
    # Last first: a deal's key is not its variant's, and neither is taken for the other.
    models.Deal.objects.bulk_create(
        models.Deal(
            sale=sale, product=product, price=499, was=4990, allocation=STOCK, position=position
        )
        for position, product in enumerate(reversed(products))
    )
    publish(sale, now=now)
    return skus
