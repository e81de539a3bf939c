"""Until when offers from before an instant may be good: so long their key stays on the ring."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from offers import conf, tokens
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS, add_deal
from shop.sales.holds import extend, recall
from shop.sales.latest_end import latest_end
from shop.sales.lifecycle import publish
from shop.sales.list_terms import record_list_terms
from shop.sales.models import LONGEST_HOLD_SECONDS, Restoration, RestoredSale, Sale
from tests.support.factories import change
from tests.support.fixtures import Clock

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _nobody_is_told_to_wait(settings: Settings) -> None:
    settings.UNPAID_PER_NETWORK = 0


def test_a_price_that_was_kept_for_someone_who_was_told_to_wait_counts(
    db: None, settings: Settings
) -> None:
    settings.UNPAID_PER_NETWORK, settings.CLAIM_SECONDS = 10, 600
    settings.LIST_HOLD_SECONDS = 7200
    # A claim, the rest of a minute, and five minutes to return.
    assert latest_end(OPENS) == OPENS + timedelta(hours=2, minutes=16)


def test_it_is_when_the_last_offer_from_before_runs_out(
    sale: Sale, shopper: ShopClient, clock: Clock, settings: Settings
) -> None:
    settings.LIST_HOLD_SECONDS = 60
    clock.move_to(CLOSES - SECOND)
    message = shopper.offer()
    end = latest_end(CLOSES)
    assert end == tokens.read_offer(message, conf.ring()).held_until
    clock.move_to(end - SECOND)
    assert shopper.add(message).status == 303
    clock.move_to(end)
    assert shopper.add(message).status == 422


def test_a_longer_list_hold_of_earlier_settings_counts_until_their_processes_have_stopped(
    db: None, clock: Clock, settings: Settings
) -> None:
    settings.LIST_HOLD_SECONDS = 7200
    record_list_terms(OPENS - timedelta(days=3))
    settings.LIST_HOLD_SECONDS = 60
    assert latest_end(OPENS) == OPENS + timedelta(hours=2)
    record_list_terms(OPENS)
    stopped = OPENS + timedelta(days=1)
    for instant in (OPENS, OPENS + MINUTE, stopped):
        assert latest_end(instant) == instant + timedelta(hours=2)
    assert latest_end(stopped + MINUTE) == stopped + timedelta(hours=2)
    assert latest_end(stopped + timedelta(hours=2)) == stopped + timedelta(hours=2, minutes=1)


def test_what_is_made_later_does_not_count(sale: Sale, settings: Settings) -> None:
    settings.LIST_HOLD_SECONDS = 60
    later = Sale.objects.create(
        slug="later",
        title="Later",
        time_zone="Europe/Berlin",
        starts_at=OPENS + MINUTE,
        ends_at=CLOSES,
        hold_seconds=100 * HOLD // SECOND,
    )
    add_deal(later, sale.deals.all()[0].product, 399)
    publish(later, now=OPENS)
    assert latest_end(OPENS + MINUTE) == OPENS + MINUTE - SECOND + HOLD
    assert latest_end(OPENS + MINUTE + SECOND) == OPENS + MINUTE + 100 * HOLD


def test_extensions_and_recalls_count(sale: Sale, settings: Settings, clock: Clock) -> None:
    settings.LIST_HOLD_SECONDS = 60
    extend(sale=sale, seconds=600, by=None, now=OPENS + MINUTE)
    assert latest_end(OPENS + MINUTE) == OPENS + MINUTE - SECOND + HOLD + 10 * MINUTE
    recall(sale=sale, reason="The mugs crack.", by=None, now=OPENS + 2 * MINUTE)
    assert latest_end(OPENS + MINUTE) == OPENS + 2 * MINUTE


def test_a_list_price_is_held_without_any_sale(db: None, settings: Settings) -> None:
    settings.LIST_HOLD_SECONDS = 7200
    assert latest_end(OPENS) == OPENS + timedelta(hours=2)


def test_a_hold_that_a_stale_page_may_show_after_it_was_shortened_counts(
    sale: Sale, settings: Settings
) -> None:
    settings.LIST_HOLD_SECONDS, settings.SHOWCASE_MAX_STALE = 60, 120
    shortened = OPENS + MINUTE
    change(sale, shortened, hold_seconds=300)
    last_of_the_longer = shortened + 2 * MINUTE - SECOND
    assert latest_end(OPENS + 10 * MINUTE) == last_of_the_longer + HOLD


def test_what_a_restored_database_forgot_may_be_held_as_long_as_anything(
    sale: Sale, settings: Settings
) -> None:
    restoration = Restoration.objects.create(
        noticed_at=OPENS, backup_at=OPENS, learned_at=OPENS + MINUTE
    )
    stretch = {"issued_from": OPENS, "issued_before": OPENS + MINUTE}
    RestoredSale.objects.create(restoration=restoration, sale=sale, **stretch)
    longest = timedelta(seconds=LONGEST_HOLD_SECONDS)
    assert latest_end(OPENS + MINUTE) == OPENS + MINUTE - SECOND + longest
