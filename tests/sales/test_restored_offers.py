"""Offers that a restored database has forgotten: they wait, and are then honored or recalled."""

from datetime import datetime, timedelta

import pytest

from shop.catalog.models import Product
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS
from shop.sales import restorations
from shop.sales.hold_end import last_hold_ends_at
from shop.sales.holds import extend, recall
from shop.sales.models import LONGEST_HOLD_SECONDS, Extension, Outage, RestoredSale, Sale
from shop.sales.restorations import CannotDecide, RecalledStretch, SinceBackup
from shop.sales.showcase import showcase
from tests.support.fixtures import Clock
from tests.support.forgetting import forgotten

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
BACKUP = OPENS + 5 * MINUTE
RESTORED = OPENS + 10 * MINUTE


def restore(clock: Clock, sale: str = "autumn") -> RestoredSale:
    """The shop is restored, and has learned from Stripe."""
    clock.move_to(RESTORED)
    restoration = restorations.begin(backup_at=BACKUP, now=RESTORED)
    restorations.open_checkout(restoration, seen_until=0, now=RESTORED)
    showcase.clear()
    return restorations.row_of(restoration, sale)


def honor(row: RestoredSale, since: SinceBackup | None = None) -> None:
    restorations.honor(row, since or SinceBackup(), now=RESTORED)


def shown_by_another_nonce(sale: Sale, shopper: ShopClient, clock: Clock, at: datetime) -> str:
    """An offer whose anchor the database forgets: a nonce was replaced before it was made."""
    clock.move_to(at)
    with forgotten():
        recall(sale=sale, reason="A slip.", by=None, now=at, issued_from=at)
        return shopper.offer()


@pytest.mark.parametrize(
    ("issued", "status"),
    [
        (BACKUP - SECOND, 422),
        (BACKUP, 303),
        (RESTORED - SECOND, 303),
        (RESTORED, 422),
    ],
)
def test_a_forgotten_anchor_is_honored_from_the_backup_until_the_shop_was_restored(
    sale: Sale, shopper: ShopClient, clock: Clock, issued: datetime, status: int
) -> None:
    message = shown_by_another_nonce(sale, shopper, clock, issued)
    honor(restore(clock))
    assert shopper.add(message).status == status


def test_an_offer_with_a_forgotten_anchor_waits_in_the_bag_until_it_is_decided(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    message = shown_by_another_nonce(sale, shopper, clock, BACKUP)
    row = restore(clock)
    assert shopper.add(message).status == 303
    assert "Your price is kept: look again in a few minutes." in shopper.bag().text
    assert shopper.open("/checkout/").path == "/bag/"
    page = shopper.order("ctoken_none", shown_total=499)
    assert (page.status, page.verdicts) == (503, [])
    assert "Nothing was charged" in page.text
    honor(row)
    assert "we are checking what was promised" not in shopper.bag().text
    assert shopper.open("/checkout/").total == 499


def test_a_sale_that_is_decided_does_not_wait_for_another(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    message = shopper.offer()
    honor(restore(clock))
    assert restorations.undecided_sales() == ["list"]
    shopper.add(message)
    assert shopper.open("/checkout/").total == 499


def test_a_restore_does_not_revive_what_was_recalled_since(
    sale: Sale, shopper: ShopClient, another_shopper: ShopClient, clock: Clock
) -> None:
    clock.move_to(OPENS + 6 * MINUTE - SECOND)
    wrong = shopper.offer()
    clock.move_to(OPENS + 6 * MINUTE)
    right = another_shopper.offer()
    until = RecalledStretch(None, OPENS + 6 * MINUTE)
    honor(restore(clock), SinceBackup(recalled=(until,)))
    assert shopper.add(wrong).verdicts == ["recalled"]
    assert another_shopper.add(right).status == 303


def test_a_restore_does_not_drop_an_extension(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    clock.move_to(BACKUP)
    with forgotten():
        extend(sale=sale, seconds=600, by=None, now=BACKUP)
        shopper.add(shopper.offer())
    honor(restore(clock), SinceBackup(extended_seconds=600))
    clock.move_to(BACKUP + HOLD + 10 * MINUTE - SECOND)
    assert shopper.bag().verdicts == []
    clock.move_to(BACKUP + HOLD + 10 * MINUTE)
    assert shopper.bag().verdicts == ["expired"]


def test_an_order_of_the_old_shop_that_comes_up_later_extends_nothing_twice(
    sale: Sale, clock: Clock
) -> None:
    extended = SinceBackup(extended_seconds=600)
    honor(restore(clock), extended)
    restorations.close_checkout(proof="FF-12345678", now=RESTORED)
    honor(restore(clock), extended)
    assert [each.seconds for each in Extension.objects.all()] == [600]
    assert RestoredSale.objects.filter(sale=sale, decision="honor").count() == 2


def test_a_recall_of_the_restored_shop_reaches_forgotten_anchors_too(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    message = shown_by_another_nonce(sale, shopper, clock, BACKUP)
    honor(restore(clock))
    later = RESTORED + MINUTE
    clock.move_to(later)
    recall(sale=Sale.objects.get(), reason="A slip.", by=None, now=later, issued_from=BACKUP)
    assert shopper.add(message).verdicts == ["recalled"]


def test_a_recalled_sale_takes_back_what_was_out_and_says_why(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    old = shopper.offer()
    forgotten_too = shown_by_another_nonce(sale, shopper, clock, BACKUP)
    restorations.recall(restore(clock), "We had to restore the shop.", now=RESTORED)
    assert shopper.add(forgotten_too).verdicts == ["recalled"]
    page = shopper.add(old)
    assert page.verdicts == ["recalled"]
    assert "We had to restore the shop." in page.text


def at_list(shopper: ShopClient) -> str:
    showcase.clear()
    return shopper.open("/products/mug-01/").offers["MUG-01"]


def test_list_prices_are_recalled_up_to_the_second_in_which_that_is_said(
    sale: Sale, shopper: ShopClient, another_shopper: ShopClient, clock: Clock
) -> None:
    Sale.objects.update(ends_at=OPENS + SECOND)
    clock.move_to(BACKUP)
    with forgotten():
        Product.objects.update(nonce="n" * 22)
        old = at_list(shopper)
    restorations.recall(restore(clock, "list"), "We had to restore the shop.", now=RESTORED)
    page = shopper.add(old)
    assert page.verdicts == ["recalled"]
    assert "We had to restore the shop." in page.text
    clock.move_to(RESTORED + SECOND)
    assert another_shopper.add(at_list(another_shopper)).status == 303


def test_list_prices_that_are_honored_need_no_anchor(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    Sale.objects.update(ends_at=OPENS + SECOND)
    clock.move_to(BACKUP)
    with forgotten():
        Product.objects.update(nonce="n" * 22)
        message = at_list(shopper)
    honor(restore(clock, "list"))
    assert shopper.add(message).status == 303


def test_no_hold_of_the_record_bounds_what_was_forgotten(sale: Sale, clock: Clock) -> None:
    assert last_hold_ends_at(sale) == CLOSES + HOLD
    honor(restore(clock))
    longest = timedelta(seconds=LONGEST_HOLD_SECONDS)
    assert last_hold_ends_at(Sale.objects.get()) == RESTORED + longest
    snapshot = showcase.snapshot(RESTORED)
    assert snapshot.sales["autumn"].last_hold_ends_at == RESTORED + longest


@pytest.mark.parametrize(
    ("backup", "asked"),
    [
        (CLOSES + HOLD - SECOND, ["autumn", "list"]),
        (CLOSES + HOLD, ["list"]),
    ],
)
def test_a_sale_is_asked_about_if_its_last_offer_ran_out_after_the_backup(
    sale: Sale, backup: datetime, asked: list[str]
) -> None:
    restoration = restorations.begin(backup_at=backup, now=backup + MINUTE)
    restorations.open_checkout(restoration, seen_until=0, now=backup + MINUTE)
    assert restorations.undecided_sales() == asked


def test_a_sale_that_the_database_does_not_know_cannot_be_honored(sale: Sale, clock: Clock) -> None:
    with pytest.raises(CannotDecide, match="Load it again"):
        restore(clock, "winter")


def test_the_time_for_which_checkout_was_closed_counts_as_an_outage(sale: Sale) -> None:
    restorations.close_checkout(proof="FF-12345678", now=OPENS)
    restoration = restorations.begin(backup_at=OPENS, now=RESTORED)
    restorations.open_checkout(restoration, seen_until=0, now=RESTORED)
    assert Outage.objects.values_list("began_at", "ended_at").get() == (OPENS, RESTORED)


def test_a_recall_is_not_undone(sale: Sale, clock: Clock) -> None:
    row = restore(clock)
    restorations.recall(row, "We had to restore the shop.", now=RESTORED)
    with pytest.raises(CannotDecide, match="not undone"):
        honor(row)
