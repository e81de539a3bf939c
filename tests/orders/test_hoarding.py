"""Networks by their keyed hashes, and when one may have more of what it keeps unpaid."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from shop.orders.hoarding import UnpaidClaim, below_bound_at, forget_ended, network_key
from shop.orders.models import ClaimOrigin, Order
from shop.qa.pytest_plugin.factories import OPENS
from shop.sales.models import Sale
from tests.support.factories import make_order

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
        ("2001:db8:1:2::1", "2001:0DB8:0001:0002:0000::9"),
        ("192.0.2.7", "::ffff:192.0.2.7"),
        ("fe80::1%eth0", "fe80::2%eth1"),
    ],
)
def test_one_network(one: str, other: str) -> None:
    assert network_key(one) == network_key(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("192.0.2.7", "192.0.2.8"),
        ("2001:db8:1:2::1", "2001:db8:1:3::1"),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.8"),
        ("::192.0.2.7", "192.0.2.7"),
    ],
)
def test_two_networks(one: str, other: str) -> None:
    assert network_key(one) != network_key(other)


@pytest.mark.parametrize("address", [None, "", "unix:", "192.0.2.300", "a, b", "\0", "1" * 5000])
def test_what_is_no_address_is_no_network(address: str | None) -> None:
    assert network_key(address) == ""


def test_a_key_tells_no_address_and_is_the_shops_own(settings: Settings) -> None:
    key = network_key("192.0.2.7")
    assert len(key) == 64
    assert set(key) <= set("0123456789abcdef")
    settings.SECRET_KEY = "another"
    assert network_key("192.0.2.7") != key


def claims(*pairs: tuple[int, int]) -> list[UnpaidClaim]:
    """Claims of so many units, each with the minute at which it lapses."""
    return [UnpaidClaim("MUG-01", units, OPENS + minute * MINUTE) for units, minute in pairs]


@pytest.mark.parametrize(
    ("kept", "minute"),
    [
        ([], None),
        ([(9, 5)], None),
        ([(10, 5)], 5),
        ([(11, 5)], 5),
        ([(5, 5), (4, 7)], None),
        ([(5, 5), (5, 7)], 5),
        ([(5, 7), (5, 5)], 5),
        ([(1, 5), (5, 6), (5, 7)], 6),
        ([(1, 5), (1, 6), (10, 7)], 7),
        ([(20, 5), (9, 7)], 5),
        ([(20, 5), (10, 7)], 7),
        ([(5, 5), (5, 5), (5, 5)], 5),
    ],
)
def test_when_fewer_than_ten_units_are_kept(
    kept: list[tuple[int, int]], minute: int | None
) -> None:
    expected = None if minute is None else OPENS + minute * MINUTE
    assert below_bound_at(claims(*kept), 10) == expected


def test_networks_of_orders_that_ended_unnoticed_are_forgotten(sale: Sale) -> None:
    """As by a process of the release before, which does not know that they are there."""
    for number, status in enumerate(Order.Status):
        order = make_order(sale, f"FF-{number:08d}", status=status)
        ClaimOrigin.objects.create(order=order, network="n", counts_from=OPENS)
    forget_ended()
    kept = {origin.order.status for origin in ClaimOrigin.objects.select_related("order")}
    assert kept == {"pending", "requires_action", "processing"}
    assert forget_ended() == 0
