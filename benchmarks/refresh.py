"""What it costs to keep the showcase fresh, with 20,000 products against 24.

A process refreshes its showcase once a second. At rest nothing has changed since; after
a change, one deal of one sale has another price, which the snapshot must show. The small
shop has one sale, which is live; the large one 500 that are visible, 25 of them live.
Each shop has a process of its own, so that nothing which one keeps in memory serves the
other. Timed is the wall, as the database works too.
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.utils import timezone

from benchmarks.databases import as_default, database, new_database, postgres
from benchmarks.measure import Call, Comparison, Row, in_turn
from benchmarks.workers import Job, Workers
from shop.catalog.models import Product, Variant
from shop.sales import showcase as showcase_module
from shop.sales.models import Deal, Sale
from shop.sales.showcase import showcase

DEALS = 24
REST_GOAL = 1.2
#: Ten milliseconds, where the small shop takes two.
CHANGE_GOAL = 5
CALLS = 20
#: The sale that is changed.
SLUG = "sale-0"


@dataclass(frozen=True, slots=True)
class Size:
    """How much a shop has."""

    products: int
    sales: int
    live: int


FEW = Size(products=DEALS, sales=1, live=1)
MANY = Size(products=20_000, sales=500, live=25)


def run(rounds: int) -> list[Row]:
    """A row at rest and one after a change, on each database."""
    with sqlite_shops() as aliases:
        on_sqlite = rows("SQLite", *aliases, rounds)
    with postgres_shops() as aliases:
        return rows("PostgreSQL", *aliases, rounds) + on_sqlite


def rows(vendor: str, few: str, many: str, rounds: int) -> list[Row]:
    """Both rows of two shops, each of which is a database."""
    with ExitStack() as stack:
        workers = {}
        for alias in (many, few):
            with as_default(alias):
                workers[alias] = stack.enter_context(Workers(1, jobs))
                # It has read all there is when it has done something.
                workers[alias].burst("rest")
        rest, change = (
            compared(job, workers[many], workers[few], rounds) for job in ("rest", "change")
        )
        return [
            Row(f"refresh at rest, {vendor}", rest, REST_GOAL, notes(rest)),
            Row(f"refresh after a change, {vendor}", change, CHANGE_GOAL, notes(change)),
        ]


def compared(job: str, many: Workers, few: Workers, rounds: int) -> Comparison:
    """A job of both shops, in turn."""
    return in_turn(
        lambda: many.burst(job).seconds_per_call,
        lambda: few.burst(job).seconds_per_call,
        rounds=rounds,
    )


def notes(times: Comparison) -> tuple[str, ...]:
    """Both in milliseconds: one refresh a second and process is what it costs."""
    return (
        f"{MANY.products:,} products and {MANY.sales} sales take {times.ours * 1e3:.2f} ms",
        f"{FEW.products} products {times.baseline * 1e3:.2f} ms",
    )


def jobs() -> dict[str, Job]:
    """What a shop's process does. Every question to its showcase finds it out of date."""
    # It ends with the process, which serves nothing else.
    patch.object(showcase_module, "FRESH_SECONDS", 0).start()
    deal = Deal.objects.get(sale__slug=SLUG, position=0)
    showcase.snapshot(timezone.now())

    def at_rest() -> list[Call]:
        return [_refreshed(deal)] * CALLS

    def after_a_change() -> list[Call]:
        Deal.objects.filter(pk=deal.pk).update(price=F("price") + 1)
        deal.price += 1
        return [_refreshed(deal)]

    return {"rest": at_rest, "change": after_a_change}


def _refreshed(deal: Deal) -> Call:
    def refresh() -> None:
        shown = showcase.snapshot(timezone.now()).sales[SLUG].deals[0].amount
        if shown != deal.price:
            raise AssertionError(f"The showcase shows {shown}, the deal costs {deal.price}.")

    return refresh


def fill(size: Size, now: datetime) -> None:
    """Add products and visible sales of 24 deals each, until there are so many."""
    first_product, first_sale = Product.objects.count(), Sale.objects.count()
    skus = [f"REF-{number:05d}" for number in range(first_product, size.products)]
    products = Product.objects.bulk_create(
        Product(sku=sku, slug=sku.lower(), name=f"Product {sku}", list_price=4990, currency="EUR")
        for sku in skus
    )
    Variant.objects.bulk_create(Variant(product=each, sku=each.sku, stock=100) for each in products)
    sales = Sale.objects.bulk_create(
        Sale(
            slug=f"sale-{number}",
            title=f"Sale {number}",
            starts_at=now + timedelta(minutes=-5 if number < size.live else 60),
            ends_at=now + timedelta(minutes=120),
            state=Sale.State.PUBLISHED,
            published_at=now,
            published_hold=1800,
        )
        for number in range(first_sale, size.sales)
    )
    Deal.objects.bulk_create(
        Deal(
            sale=sale,
            product=product,
            position=position,
            price=499,
            was=4990,
            was_as_of=sale.starts_at,
            allocation=50,
            published_price=499,
            published_limit=10,
        )
        for sale, own in zip(sales, batched(products, DEALS), strict=False)
        for position, product in enumerate(own)
    )


@contextmanager
def sqlite_shops() -> Iterator[tuple[str, str]]:
    """Two files, as the databases ``few`` and ``many``."""
    with TemporaryDirectory(prefix="flashfreeze-sqlite-") as folder:
        few, many = Path(folder) / "few.sqlite3", Path(folder) / "many.sqlite3"
        with database("few", f"sqlite:///{few}"), database("many", f"sqlite:///{many}"):
            now = timezone.now()
            migrate_and_fill("few", now)
            shutil.copy(few, many)
            fill_more("many", now)
            yield "few", "many"


@contextmanager
def postgres_shops() -> Iterator[tuple[str, str]]:
    """Two databases of one server, ``few`` and ``many``."""
    now = timezone.now()
    with postgres(), database("few", new_database("few")):
        migrate_and_fill("few", now)
        with database("many", new_database("many", template="few")):
            fill_more("many", now)
            yield "few", "many"


def migrate_and_fill(alias: str, now: datetime) -> None:
    """The small shop."""
    with as_default(alias):
        call_command("migrate", verbosity=0)
        fill(FEW, now)


def fill_more(alias: str, now: datetime) -> None:
    """Its copy grows to the large shop."""
    with as_default(alias):
        fill(MANY, now)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
