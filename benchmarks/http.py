"""The shop under HTTP, as it runs in production, against a view that says hello on the same server.

Over loopback, with ``wrk`` for pages and adds, and with whole orders: the sale's page, an add, the
bag, checkout's form, the order with its payment at the stand-in, the order's page. Compared is
processor time of the server's processes for an answer, system calls included, which other load
disturbs least; the notes have what it comes to a second, and how long an answer took.

``AGAINST=DIR make bench ONLY=http`` compares whole orders with those of another checkout, too.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from benchmarks.databases import new_database, postgres
from benchmarks.http_shoppers import SALE, STEPS, Shopper, new_shoppers, take_step
from benchmarks.measure import WALL, Row, in_turn
from benchmarks.served_shop import ServedShop, Server
from shop.qa.pytest_plugin.stand_in import StripeApi, stand_in

#: How many hellos a page, an add and a whole order may cost.
PAGE_GOAL, ADD_GOAL, ORDER_GOAL = 2, 4, 45
#: How much of another checkout's order one of ours may cost.
AGAINST_GOAL = 0.55
MOST_ROUNDS = 5
#: No row begins another round after as many.
SECONDS = 15
BURST_SECONDS = 1
AT_ONCE = 4
ORDERS = 12
#: Each shopper has an offer of every deal to add.
ADDING_SHOPPERS = 60
_SCRIPT = Path(__file__).parent / "wrk.lua"


def run(rounds: int) -> list[Row]:
    """Three rows for each database and number of processes; none where ``wrk`` is not."""
    if shutil.which("wrk") is None:
        print("http needs wrk, which is not here: apt-get install wrk.", file=sys.stderr)
        return []
    rounds = min(rounds, MOST_ROUNDS)
    with stand_in() as stripe, TemporaryDirectory(prefix="flashfreeze-http-") as given:
        folder = Path(given)
        on_sqlite = ServedShop(folder / "one", f"sqlite:///{folder}/shop.sqlite3", stripe.base)
        rows = rows_of(on_sqlite, "SQLite", 1, stripe, folder, rounds)
        with postgres():
            shop = ServedShop(folder / "two", new_database("here"), stripe.base)
            for workers in (1, 2):
                rows += rows_of(shop, "PostgreSQL", workers, stripe, folder, rounds)
            if other := os.environ.get("AGAINST"):
                before = ServedShop(
                    folder / "three", new_database("there"), stripe.base, Path(other).resolve()
                )
                rows.append(order_against(shop, before, stripe, rounds))
    return rows


def rows_of(
    shop: ServedShop, database: str, workers: int, stripe: StripeApi, folder: Path, rounds: int
) -> list[Row]:
    """A page, an add and a whole order, each in turn with hello."""
    where = f"{database}, {workers} process{'es' if workers > 1 else ''}"
    with shop.server(workers) as server:
        hello = Load(server, folder / "hello", [Request("/hello/")])
        [looker] = new_shoppers(server, 1)
        looker.see_sale()
        page = Load(server, folder / "page", [Request(SALE, looker.cookies)])
        add = Load(server, folder / "add", list(adds(server)))
        orders = Orders(server, stripe)
        at_rest = server.megabytes_per_worker()
        rows = []
        for name, ours, goal in (
            ("page", page, PAGE_GOAL),
            ("add", add, ADD_GOAL),
            ("order", orders, ORDER_GOAL),
        ):
            times = in_turn(ours.burst, hello.burst, rounds=rounds, seconds=SECONDS)
            rows.append(Row(f"http {name}, {where}", times, goal, ours.notes()))
        memory = (
            f"a process has {at_rest:.0f} MB at rest, and {server.megabytes_per_worker():.0f} MB "
            f"after {page.answers + hello.answers + add.answers:,} answers"
        )
    page_row = rows[0]
    rows[0] = Row(page_row.name, page_row.times, PAGE_GOAL, (*page_row.notes, memory))
    return rows


def order_against(shop: ServedShop, other: ServedShop, stripe: StripeApi, rounds: int) -> Row:
    """A whole order of this checkout, in turn with one of another checkout."""
    with shop.server(1) as server, other.server(1) as other_server:
        here, there = Orders(server, stripe), Orders(other_server, stripe)
        times = in_turn(here.burst, there.burst, rounds=rounds, seconds=SECONDS)
    notes = (*here.notes(), *(f"the other's {note}" for note in there.notes()))
    return Row("http order, against another checkout", times, AGAINST_GOAL, notes)


def adds(server: Server) -> Iterator["Request"]:
    """Adds of one offer each to an empty bag; no offer comes twice."""
    shoppers = new_shoppers(server, ADDING_SHOPPERS)
    take_step(Shopper.see_sale, shoppers, AT_ONCE)
    for offers in zip(*(each.offers for each in shoppers), strict=True):
        for shopper, offer in zip(shoppers, offers, strict=True):
            form = urlencode({"offer": offer, "quantity": 1})
            yield Request("/bag/add/", shopper.cookies, "POST", form)


@dataclass(frozen=True, slots=True)
class Request:
    """What ``wrk`` sends."""

    path: str
    cookies: str = ""
    method: str = "GET"
    form: str = ""

    @property
    def line(self) -> str:
        """As ``wrk.lua`` reads it."""
        return "\t".join((self.method, self.path, self.cookies, self.form))


@contextmanager
def processor_time(server: Server, into: list[float]) -> Iterator[None]:
    """Append what the server computes meanwhile."""
    before = server.processor_seconds()
    yield
    into.append(server.processor_seconds() - before)


class Load:
    """Requests that ``wrk`` sends again and again, four at a time, for a second."""

    def __init__(self, server: Server, file: Path, requests: Iterable[Request]) -> None:
        self._server, self._file = server, file
        file.write_text("\n".join(each.line for each in requests))
        self._said: list[dict[str, float]] = []

    def burst(self) -> float:
        """Processor seconds that an answer took.

        :raises AssertionError: there were answers of another kind, or none
        """
        spent: list[float] = []
        options = (f"-c{AT_ONCE}", "-t1", f"-d{BURST_SECONDS}s", "-s", str(_SCRIPT))
        with processor_time(self._server, spent):
            done = subprocess.run(
                ["wrk", *options, self._server.address, "--", str(self._file)],
                check=True,
                capture_output=True,
                text=True,
            )
        said = json.loads(done.stdout.splitlines()[-1])
        assert not said["errors"] and said["answers"], f"{self._file.name}: {done.stdout}"
        self._said.append(said)
        return spent[0] / float(said["answers"])

    @property
    def answers(self) -> int:
        """How many there were in all bursts."""
        return int(sum(said["answers"] for said in self._said))

    def notes(self) -> tuple[str, ...]:
        """Medians of all bursts but the first."""
        bursts = self._said[1:]
        rate = median(said["answers"] / said["seconds"] for said in bursts)
        p50, p99 = (median(said[name] for said in bursts) * 1e3 for name in ("p50", "p99"))
        size = bursts[0]["bytes"] / bursts[0]["answers"]
        return (f"{rate:,.0f} a second, p50 {p50:.1f} ms, p99 {p99:.1f} ms", f"{size:,.0f} bytes")


class Orders:
    """Whole orders, four shoppers at a time. All take a step before the next is taken."""

    def __init__(self, server: Server, stripe: StripeApi) -> None:
        self._server, self._stripe = server, stripe
        self._spent: defaultdict[str, list[float]] = defaultdict(list)
        self._waits: list[float] = []
        self._rates: list[float] = []

    def burst(self) -> float:
        """Processor seconds that an order took, of all its steps."""
        shoppers = new_shoppers(self._server, ORDERS, self._stripe)
        began = WALL()
        for name, step in STEPS.items():
            with processor_time(self._server, self._spent[name]):
                take_step(step, shoppers, AT_ONCE)
        self._rates.append(ORDERS / (WALL() - began))
        self._waits += [each.seconds for each in shoppers]
        return sum(spent[-1] for spent in self._spent.values()) / ORDERS

    def notes(self) -> tuple[str, ...]:
        """Medians of all bursts but the first."""
        percentiles = quantiles(self._waits[ORDERS:], n=100, method="inclusive")
        steps = ", ".join(
            f"{name} {median(spent[1:]) / ORDERS * 1e3:.1f}" for name, spent in self._spent.items()
        )
        return (
            f"processor ms an order: {steps}",
            f"{median(self._rates[1:]):.1f} whole orders a second",
            f"placing p50 {percentiles[49] * 1e3:.0f} ms, p99 {percentiles[98] * 1e3:.0f} ms",
        )
