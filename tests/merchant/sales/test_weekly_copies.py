"""Weekly copies over the days that clocks change on."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from shop.core.wall_time import instants_of_wall_time, wall_time
from shop.merchant.sales.weekly_windows import CopyWindow, weekly_windows
from shop.qa.pytest_plugin.back_office import Merchant, errors
from shop.qa.pytest_plugin.factories import make_sale
from shop.sales.models import Sale

BERLIN = ZoneInfo("Europe/Berlin")
QUARTER, WEEK = timedelta(minutes=15), timedelta(days=7)


def at(text: str) -> datetime:
    """An instant in Berlin, or with its offset."""
    time = datetime.fromisoformat(text)
    return (time if time.tzinfo else time.replace(tzinfo=BERLIN)).astimezone(UTC)


def copies(
    opens: str, lasts: timedelta, count: int, zone: str = "Europe/Berlin"
) -> list[CopyWindow]:
    first = at(opens)
    sale = Sale(starts_at=first - WEEK, ends_at=first - WEEK + lasts, time_zone=zone)
    return list(weekly_windows(sale, first, count))


def test_a_copy_at_a_time_that_never_comes_opens_an_hour_later_by_the_wall() -> None:
    before, moved, after = copies("2027-03-21 02:30", QUARTER, 3)
    assert (moved.starts_at, moved.ends_at) == (at("2027-03-28 03:30"), at("2027-03-28 03:45"))
    assert moved.starts_at - before.starts_at == WEEK
    assert after.starts_at == at("2027-04-04 02:30")
    assert (before.note, after.note) == ("", "")
    assert moved.note == (
        "02:30 does not come on Sunday, 28 March, as clocks are put forward: that copy opens at "
        "03:30 and closes at 03:45, Berlin time."
    )


def test_a_copy_at_a_time_that_comes_twice_opens_at_the_first() -> None:
    _, twice, after = copies("2027-10-24 02:30", QUARTER, 3)
    assert (twice.starts_at, twice.ends_at) == (
        at("2027-10-31T02:30+02:00"),
        at("2027-10-31T02:45+02:00"),
    )
    assert twice.note == (
        "02:30 comes twice on Sunday, 31 October, as clocks are put back: that copy opens at "
        "02:30 (UTC+2) and closes at 02:45 (UTC+2), Berlin time."
    )
    assert after.starts_at == at("2027-11-07 02:30")


def test_a_series_from_the_second_half_past_two_takes_the_second_again() -> None:
    first = at("2027-10-31T02:30+01:00")
    sale = Sale(starts_at=first, ends_at=first + QUARTER, time_zone="Europe/Berlin")
    windows = list(weekly_windows(sale, first, 53))
    assert windows[0].starts_at == first
    assert windows[-1].starts_at == at("2028-10-29T02:30+01:00")


@pytest.mark.parametrize(
    ("opens", "lasts", "closes"),
    [
        ("2027-03-21 01:50", QUARTER, "2027-03-28 03:05"),  # 02:05 never comes
        ("2027-03-21 02:50", QUARTER, "2027-03-28 04:05"),
        ("2027-10-24 01:50", QUARTER, "2027-10-31T02:05+02:00"),
        ("2027-10-24 02:50", QUARTER, "2027-10-31T02:05+01:00"),
        ("2027-03-21 01:30", timedelta(hours=2), "2027-03-28 03:30"),  # an hour of real time
        ("2027-03-27 18:00", timedelta(days=1), "2027-04-04 18:00"),
    ],
)
def test_a_copy_over_a_change_closes_as_the_wall_says_or_lasts_as_long_as_the_others(
    opens: str, lasts: timedelta, closes: str
) -> None:
    assert copies(opens, lasts, 2)[1].ends_at == at(closes)


@given(
    zone=st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo"]
    ),
    quarters=st.integers(0, 7 * 96),
    lasts=st.integers(1, 3 * 96),
)
def test_every_copy_is_a_window_on_its_day(zone: str, quarters: int, lasts: int) -> None:
    first = at("2027-01-03T00:00+00:00") + quarters * QUARTER
    sale = Sale(starts_at=first, ends_at=first + lasts * QUARTER, time_zone=zone)
    wall = wall_time(first, sale.zone)
    for week, window in enumerate(weekly_windows(sale, first, 52)):
        opens = wall + week * WEEK
        assert window.starts_at < window.ends_at
        if wall_time(window.starts_at, sale.zone) != opens:
            assert instants_of_wall_time(opens, sale.zone) == []
        if not window.note:
            assert wall_time(window.ends_at, sale.zone) - opens == (
                wall_time(sale.ends_at, sale.zone) - wall
            )
        else:
            assert window.ends_at - window.starts_at == (wall_time(sale.ends_at, sale.zone) - wall)


def test_the_series_is_made_and_the_moved_copy_is_named(merchant: Merchant) -> None:
    opens = at("2027-03-14 02:30")
    sale = make_sale(starts_at=opens, ends_at=opens + QUARTER)
    path = reverse("admin:sales_sale_copy", args=[sale.pk])
    page = merchant.change(path, starts_at="2027-03-21 02:30", times="3")
    assert "3 drafts made" in page.text
    assert "02:30 does not come on Sunday, 28 March" in page.text
    starts = Sale.objects.filter(state="draft").order_by("starts_at")
    assert [f"{each.starts_at.astimezone(BERLIN):%F %H:%M}" for each in starts] == [
        "2027-03-21 02:30",
        "2027-03-28 03:30",
        "2027-04-04 02:30",
    ]


def test_the_copy_form_of_a_sale_a_week_before_the_change_suggests_the_moved_time(
    merchant: Merchant,
) -> None:
    opens = at("2027-03-21 02:30")
    sale = make_sale(starts_at=opens, ends_at=opens + QUARTER)
    form = merchant.form(reverse("admin:sales_sale_copy", args=[sale.pk]))
    assert form["starts_at"] == "2027-03-28 03:30:00"


def test_a_first_copy_that_comes_twice_is_asked_about(merchant: Merchant) -> None:
    opens = at("2027-10-17 02:30")
    sale = make_sale(starts_at=opens, ends_at=opens + QUARTER)
    path = reverse("admin:sales_sale_copy", args=[sale.pk])
    page = merchant.change(path, starts_at="2027-10-31 02:30", title="Halloween")
    assert "comes twice in Europe/Berlin" in errors(page)
    assert page.one("[name=title]")["value"] == "Halloween"
    merchant.change(path, starts_at="2027-10-31 02:30", starts_at_which="+01:00")
    assert Sale.objects.get(state="draft").starts_at == at("2027-10-31T02:30+01:00")
