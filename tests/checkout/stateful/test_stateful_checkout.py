"""Shoppers, a merchant, time and a faulty Stripe, in any order: no promise breaks.

A hypothesis state machine drives the real stack: pages and forms through the
middleware, the Stripe stand-in over HTTP, the shop's clock. A model beside it
knows only what was promised to whom, and computes what has to happen without
the shop's own judge. The books are checked after every step (``invariants``);
at the end nothing may be left open.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import hypothesis
import pytest
import stripe
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from hypothesis import HealthCheck, Phase
from hypothesis.stateful import run_state_machine_as_test
from pytest_django import Settings

from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import OPENS, add_deal, make_product
from shop.sales.models import Sale
from tests.checkout.stateful.faulty_stripe import BAD, BANK, UnreliableClient, stand_in
from tests.checkout.stateful.machine import Environment
from tests.checkout.stateful.model import FREE_FROM, SHIPPING
from tests.checkout.stateful.shop_rules import ShopRules
from tests.checkout.stateful.shopper_rules import ShopperRules
from tests.support.fixtures import Card, Clock

pytestmark = pytest.mark.django_db(transaction=True)

#: How long ``make verify`` explores at random.
EXPLORE_SECONDS = int(os.environ.get("EXPLORE_SECONDS", "240"))


class FlashSale(ShopperRules, ShopRules):
    """All rules in one machine."""


@pytest.fixture
def environment(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Environment]:
    """The shop with a Stripe of its own and a stopped clock; nothing is logged."""
    monkeypatch.setattr(stripe, "RequestsClient", UnreliableClient)
    # 250 options take longer to render than everything else on the page.
    monkeypatch.setattr("shop.checkout.forms.countries", lambda: [("GB", "United Kingdom")])
    settings.STRIPE_SECRET_KEY = "sk_test_shop"
    settings.SHIPPING_FLAT, settings.SHIPPING_FREE_FROM = SHIPPING, FREE_FROM
    logging.disable()
    with (
        stand_in(tmp_path / "stripe.sqlite3") as at_stripe,
        freeze_time(OPENS, ignore=["hypothesis"]) as clock,
    ):
        assert isinstance(clock, FrozenDateTimeFactory)
        settings.STRIPE_API_BASE = at_stripe.base
        FlashSale.environment = Environment(clock, at_stripe, UnreliableClient.fault)
        yield FlashSale.environment
    logging.disable(logging.NOTSET)


def run(examples: int, steps: int, *, seed: int, shrink: bool = True) -> None:
    """Run the machine; the same seed gives the same steps.

    :param shrink: look for the shortest steps that fail, for up to five minutes
    """
    hypothesis.seed(seed)(FlashSale)
    options = hypothesis.settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        print_blob=False,
        phases=[Phase.generate, *([Phase.shrink] if shrink else [])],
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(FlashSale, settings=options)
    finally:
        print(f"Seed {seed}:", FlashSale.environment.counts)


def test_no_promise_breaks_and_the_books_balance(environment: Environment) -> None:
    """A sample of what ``make verify`` runs."""
    run(6, 20, seed=1)
    assert environment.counts["paid as promised"] >= 3, "nearly nobody bought"


@pytest.mark.verify
def test_no_promise_breaks_and_the_books_balance_at_full_size(environment: Environment) -> None:
    # A seed with many purchases of all kinds.
    run(36, 30, seed=1)
    assert environment.counts["paid as promised"] >= 25, "nearly nobody bought"


@pytest.mark.verify
def test_no_promise_breaks_whatever_else_is_tried(environment: Environment) -> None:
    """Long examples with new seeds, until the time is over; a failure names its seed."""
    ends = time.clock_gettime(time.CLOCK_MONOTONIC) + EXPLORE_SECONDS
    while time.clock_gettime(time.CLOCK_MONOTONIC) < ends:
        run(10, 50, seed=int.from_bytes(os.urandom(4)), shrink=False)


def _extensions_add_up_and_end(at: FlashSale) -> Iterator[None]:
    yield at.the_merchant_extends(600)
    for seconds in (-1, 0):
        yield at.checks_out_as_a_hold_ends(0, "LMP-01", seconds, None, "extended")
    yield at.checks_out_as_a_hold_ends(0, "LMP-01", 0, None, "closed")


def _a_late_event_of_a_canceled_order(at: FlashSale) -> Iterator[None]:
    yield at.buys(0, "MUG-01", 0, 2, BAD[0], None)
    yield at.cancels_an_order(0, 0, "canceled")
    yield at.checks_out(0, None, None)


def _another_card_replaces_a_bank_page_that_was_not_seen(at: FlashSale) -> Iterator[None]:
    yield at.buys_while_stripe_fails(0, "MUG-01", BANK[0], "answer lost", 2, again=True)
    yield at.answers_the_bank(0, approve=True, comes_back=True)


def _a_payment_whose_id_was_lost_is_found_again(at: FlashSale) -> Iterator[None]:
    yield at.buys_while_stripe_fails(0, "MUG-01", None, "answer lost", 1, again=True)
    yield at.buys_while_stripe_fails(1, "MUG-01", None, "server dies", 1, again=True)


def _a_mail_address_has_one_limit(at: FlashSale) -> Iterator[None]:
    yield at.buys(0, "MUG-01", 0, 2, None, None)
    yield at.buys(1, "MUG-01", 0, 1, None, 0)


def _a_success_is_reported_twice(at: FlashSale) -> Iterator[None]:
    yield at.buys(0, "MUG-01", 0, 1, None, None)
    yield at.a_webhook_is_delivered(0, "succeeded", 2)
    yield at.a_webhook_is_delivered(0, "succeeded", 1)


def _two_offers_want_the_same_last_units(at: FlashSale) -> Iterator[None]:
    yield at.the_merchant_changes_a_price("MUG-01", 6000)
    yield at.looks_at_a_page(0, "product", "MUG-01", 0)
    yield at.adds_an_offer_seen_earlier(0, "MUG-01", 0, 5, 0, "mine")
    yield at.adds_an_offer_fresh_from_the_page(0, "MUG-01", 0, 2)
    yield at.checks_out(0, None, None)


def _an_offer_is_used_once(at: FlashSale) -> Iterator[None]:
    yield at.buys(0, "LMP-01", 0, 1, None, None)
    yield at.adds_an_offer_seen_earlier(0, "LMP-01", 0, 1, 0, "used")
    yield at.returns_to_a_tab_with_an_older_bag(0, 0)
    yield at.sends_the_same_form_again(0, 0, with_that_bag=True)


def _units_of_a_line_come_back_one_by_one(at: FlashSale) -> Iterator[None]:
    yield at.buys(0, "LMP-01", 0, 3, None, None)
    for kind, times in (("", 2), ("answer lost", 1), ("question lost", 0)):
        yield at.the_merchant_refunds(0, 1, restock=True, kind=kind, after=0, times=times)
        yield at.reconcile_runs()


@pytest.mark.parametrize(
    "sequence",
    [
        _extensions_add_up_and_end,
        _a_late_event_of_a_canceled_order,
        _another_card_replaces_a_bank_page_that_was_not_seen,
        _a_payment_whose_id_was_lost_is_found_again,
        _a_mail_address_has_one_limit,
        _a_success_is_reported_twice,
        _two_offers_want_the_same_last_units,
        _an_offer_is_used_once,
        _units_of_a_line_come_back_one_by_one,
    ],
)
def test_a_sequence_that_chance_seldom_finds(
    environment: Environment, sequence: Callable[[FlashSale], Iterator[None]]
) -> None:
    """The same machine with chosen steps; its books are checked after every step as well."""
    machine = FlashSale()
    for _ in sequence(machine):
        machine.the_books_balance()
    machine.teardown()


# Faults that the machine found


def test_orders_past_their_time_do_not_count_as_open_when_another_is_placed(
    sale: Sale, shopper: ShopClient, card: Card, clock: Clock
) -> None:
    add_deal(sale, make_product("TEE-01", "Organic tee"), 999)
    for sku in ("MUG-01", "LMP-01", "TEE-01"):
        shopper.add(shopper.offer(sku))
        shopper.order(card("pm_card_visa_chargeDeclined"))
        shopper.client.cookies.pop("bag")
    shopper.add(shopper.offer("LMP-01"))
    clock.tick(timedelta(minutes=10))
    assert shopper.order(card()).order_status == "paid"


def test_an_order_past_its_time_does_not_use_up_the_limit_of_its_mail_address(
    sale: Sale, shopper: ShopClient, another_shopper: ShopClient, card: Card, clock: Clock
) -> None:
    shopper.add(shopper.offer(), quantity=2)
    shopper.order(card("pm_card_visa_chargeDeclined"))
    another_shopper.add(another_shopper.offer())
    clock.tick(timedelta(minutes=10))
    page = another_shopper.order(card(), email="Ada+phone@example.org")
    assert page.order_status == "paid"


def test_too_many_open_orders_and_a_limit_that_are_both_past_their_time_both_give_way(
    sale: Sale, shopper: ShopClient, another_shopper: ShopClient, card: Card, clock: Clock
) -> None:
    declined = "pm_card_visa_chargeDeclined"
    add_deal(sale, make_product("TEE-01", "Organic tee"), 999)
    add_deal(sale, make_product("CAP-01", "Cap"), 899)
    for sku in ("LMP-01", "TEE-01", "CAP-01"):
        shopper.add(shopper.offer(sku))
        shopper.order(card(declined), email="grace@example.org")
        shopper.client.cookies.pop("bag")
    another_shopper.add(another_shopper.offer(), quantity=2)
    another_shopper.order(card(declined))
    shopper.add(shopper.offer())
    clock.tick(timedelta(minutes=10))
    assert shopper.order(card(), email="Ada+phone@example.org").order_status == "paid"
