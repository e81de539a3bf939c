"""Shoppers' pages in the hour that comes twice, and over the one that never comes."""

from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar

from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import make_sale
from tests.support.fixtures import Clock

MINUTE = timedelta(minutes=1)
#: Berlin's clocks are put back at this instant, from 03:00 to 02:00.
BACK = datetime(2027, 10, 31, 1, tzinfo=UTC)
#: And forward at this one, from 02:00 to 03:00.
FORWARD = datetime(2027, 3, 28, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ends_at", "closes"),
    [
        (BACK - 20 * MINUTE, "02:40 (UTC+2), Berlin time"),
        (BACK + 20 * MINUTE, "02:20 (UTC+1), Berlin time"),
        (BACK + 60 * MINUTE, "03:00, Berlin time"),
    ],
)
def test_a_close_and_a_hold_end_that_look_reversed_are_told_apart(
    db: None, shopper: ShopClient, clock: Clock, ends_at: datetime, closes: str
) -> None:
    clock.move_to(BACK - 30 * MINUTE)
    make_sale(starts_at=BACK - 60 * MINUTE, ends_at=ends_at)
    text = shopper.open("/sales/autumn/").text
    assert f"closes at {closes}" in text
    assert "held for you until 02:00 (UTC+1), Berlin time" in text
    assert "At 03:00 (UTC+2) clocks are put back to 02:00 (UTC+1)." in text


def test_the_bag_and_checkout_say_which_of_two_equal_times_they_mean(
    db: None, shopper: ShopClient, clock: Clock
) -> None:
    clock.move_to(BACK - 25 * MINUTE)
    make_sale(starts_at=BACK - 60 * MINUTE, ends_at=BACK)
    held = "eld until 02:05 (UTC+1), Berlin time"
    assert f"H{held}" in shopper.add(shopper.offer()).text
    assert f"H{held}" in shopper.open("/checkout/").text
    clock.move_to(BACK + 5 * MINUTE)
    assert f"This price was h{held}" in shopper.bag().text


def test_a_shop_front_names_an_opening_in_the_second_hour(
    db: None, shopper: ShopClient, clock: Clock
) -> None:
    clock.move_to(BACK - 10 * MINUTE)
    make_sale(starts_at=BACK + 30 * MINUTE, ends_at=BACK + 60 * MINUTE)
    assert "Opens 02:30 (UTC+1), Berlin time" in shopper.open("/").text
    text = shopper.open("/sales/autumn/").text
    assert "opens at 02:30 (UTC+1), Berlin time" in text
    assert "closes at 03:00, Berlin time" in text, "that comes once"


def test_over_the_hour_that_never_comes_all_times_are_plain(
    db: None, shopper: ShopClient, clock: Clock
) -> None:
    clock.move_to(FORWARD - 10 * MINUTE)
    make_sale(starts_at=FORWARD - 10 * MINUTE, ends_at=FORWARD)
    text = shopper.open("/sales/autumn/").text
    assert "closes at 03:00, Berlin time" in text
    assert "held for you until 03:20, Berlin time" in text
    assert "UTC" not in text


def test_a_calendar_entry_has_its_instants_in_utc(
    db: None, shopper: ShopClient, clock: Clock
) -> None:
    clock.move_to(BACK - 70 * MINUTE)
    make_sale(starts_at=BACK - 30 * MINUTE, ends_at=BACK + 30 * MINUTE)
    file = shopper.client.get("/sales/autumn/reminder.ics").content
    assert b"DTSTART:20271031T003000Z" in file
    assert b"DTEND:20271031T013000Z" in file
    assert Calendar.from_ical(file.decode())
