"""Two servers of one shop, whose clocks are some seconds apart."""

from datetime import timedelta

import pytest

from offers.anchors import ISSUE_LEEWAY_SECONDS
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS
from shop.sales.models import Sale
from tests.support.fixtures import Clock

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("ahead", [1, 20, ISSUE_LEEWAY_SECONDS])
def test_an_offer_from_the_server_that_is_ahead_is_taken_by_the_other(
    sale: Sale, shopper: ShopClient, clock: Clock, ahead: int
) -> None:
    at = OPENS + timedelta(minutes=5)
    clock.move_to(at + ahead * SECOND)
    message = shopper.offer()
    clock.move_to(at)
    assert shopper.add(message).status == 303
    assert shopper.bag().lines == {"MUG-01": 499}


def test_one_minutes_ahead_is_not_believed(sale: Sale, shopper: ShopClient, clock: Clock) -> None:
    at = OPENS + timedelta(minutes=5)
    clock.move_to(at + (ISSUE_LEEWAY_SECONDS + 1) * SECOND)
    message = shopper.offer()
    clock.move_to(at)
    assert shopper.add(message).verdicts == ["not_yet_valid"]


def test_the_end_of_a_hold_is_judged_by_the_server_that_is_asked(
    sale: Sale, shopper: ShopClient, another_shopper: ShopClient, clock: Clock
) -> None:
    """No leeway: what a page promised to the second is kept to the second."""
    clock.move_to(CLOSES - SECOND)
    message, too_late = shopper.offer(), another_shopper.offer()
    clock.move_to(CLOSES - SECOND + HOLD - SECOND)
    assert shopper.add(message).status == 303
    clock.move_to(CLOSES - SECOND + HOLD)
    assert another_shopper.add(too_late).verdicts == ["expired"]
