"""One network cannot take all of a process; a carrier's many phones are not kept out."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from shop.core import request_rates
from shop.core.request_rates import MOST_NETWORKS
from shop.core.token_buckets import TokenBuckets
from shop.sales.models import Sale

PAGE, ADD = "/sales/autumn/", "/bag/add/"


class Time:
    """Seconds that pass when a test says so."""

    now = 1000.0


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(request_rates, "monotonic_seconds", lambda: time.now)
    monkeypatch.setattr(request_rates, "_buckets", TokenBuckets(MOST_NETWORKS))
    return time


def statuses(times: int, path: str = PAGE, address: str = "192.0.2.1") -> list[int]:
    client = Client(REMOTE_ADDR=address)
    return [client.get(path).status_code for _ in range(times)]


@pytest.fixture(autouse=True)
def _small(settings: Settings) -> None:
    settings.NETWORK_RATE, settings.NETWORK_BURST = 2, 3


def test_a_network_that_asks_too_fast_waits_and_nobody_else_does(sale: Sale, time: Time) -> None:
    assert statuses(5) == [200, 200, 200, 429, 429]
    assert statuses(1, address="192.0.2.2") == [200]
    time.now += 1
    assert statuses(3) == [200, 200, 429]


def test_the_answer_says_when_to_come_again_and_that_prices_are_held(
    sale: Sale, time: Time
) -> None:
    statuses(3)
    answer = Client(REMOTE_ADDR="192.0.2.1").get(PAGE)
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "The prices in your bag stay held meanwhile. Try again in a second." in (
        answer.content.decode()
    )


def test_what_was_sent_is_kept_and_nothing_is_changed(sale: Sale, time: Time) -> None:
    statuses(3)
    client = Client(REMOTE_ADDR="192.0.2.1")
    answer = client.post(ADD, {"offer": "an-offer", "quantity": "2"})
    assert answer.status_code == 429
    assert 'name="offer" value="an-offer"' in answer.content.decode()
    assert not [name for name in client.cookies if "bag" in name]


@pytest.mark.parametrize("path", ["/checkout/", "/healthz", "/merchant/login/"])
def test_checkout_and_whatever_mints_nothing_has_no_bound_here(
    sale: Sale, time: Time, path: str
) -> None:
    statuses(3)
    assert 429 not in statuses(6, path)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "", "10.0.0.1"])
def test_whoever_cannot_be_told_from_others_is_not_bounded(
    sale: Sale, time: Time, settings: Settings, address: str
) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.1"]
    assert statuses(10, address=address) == [200] * 10


def test_no_bound_is_set_by_0(sale: Sale, time: Time, settings: Settings) -> None:
    settings.NETWORK_RATE = 0
    assert statuses(10) == [200] * 10


def test_nothing_is_read_or_written_to_count(sale: Sale, time: Time) -> None:
    statuses(3)
    with CaptureQueriesContext(connection) as queries:
        assert statuses(2) == [429, 429]
    assert len(queries) == 0


def test_the_number_of_buckets_is_bounded_and_the_oldest_goes() -> None:
    buckets = TokenBuckets(most=2)
    for name in ("a", "a", "b", "a", "c"):
        buckets.take(name, rate=1, burst=2, now=0)
    assert len(buckets) == 2
    assert buckets.take("a", rate=1, burst=2, now=0) == 1


@pytest.mark.parametrize(
    ("after", "wait"), [(0.0, 0.5), (0.25, 0.25), (0.499, pytest.approx(0.001)), (0.5, 0)]
)
def test_a_token_comes_back_in_its_time(after: float, wait: float) -> None:
    buckets = TokenBuckets(most=10)
    for _ in range(3):
        assert buckets.take("a", rate=2, burst=3, now=0) == 0
    assert buckets.take("a", rate=2, burst=3, now=after) == wait
