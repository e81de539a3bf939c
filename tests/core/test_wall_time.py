"""Wall times: shown so that they can be read back, in any zone and whatever its clocks do."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.utils.html import strip_tags
from freezegun import freeze_time
from hypothesis import example, given
from hypothesis import strategies as st

from shop.core import formatting
from shop.core.typed.times import read_time
from shop.core.wall_time import (
    comes_twice,
    instant_of,
    instants_of_wall_time,
    wall_time,
    written,
)

BERLIN = ZoneInfo("Europe/Berlin")
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
#: Clocks there are put back on 31 October 2027 at this instant, from 03:00 to 02:00.
BACK = datetime(2027, 10, 31, 1, tzinfo=UTC)
#: And forward on 28 March 2027, from 02:00 to 03:00.
FORWARD = datetime(2027, 3, 28, 1, tzinfo=UTC)
#: Whole hours and half ones, before and after UTC; a day that never came; no change.
ZONES = (
    *("Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York", "America/St_Johns"),
    *("Australia/Lord_Howe", "Africa/Casablanca", "Africa/Cairo", "Pacific/Apia", "Asia/Tokyo"),
    *("America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Chatham", "UTC"),
)
zones = st.sampled_from(ZONES).map(ZoneInfo)
#: A change of offset is near one in some dozens of these: quarters of an hour of 40 years.
instants = st.one_of(
    st.integers(0, 40 * 365 * 96).map(lambda n: datetime(2000, 1, 2, tzinfo=UTC) + n * 15 * MINUTE),
    *(
        st.sampled_from([at + n * 15 * MINUTE for n in range(-9, 10)])
        for at in (
            *(BACK, FORWARD, datetime(2027, 11, 7, 6, tzinfo=UTC)),
            *(datetime(2027, 4, 3, 15, tzinfo=UTC), datetime(2027, 10, 2, 15, 30, tzinfo=UTC)),
            *(datetime(2024, 3, 10, 2, tzinfo=UTC), datetime(2024, 4, 14, 2, tzinfo=UTC)),
            datetime(2011, 12, 30, 10, tzinfo=UTC),
        )
    ),
)


# --- What is shown ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("instant", "shown"),
    [
        (BACK - 60 * MINUTE - SECOND, "01:59"),
        (BACK - 60 * MINUTE, "02:00 (UTC+2)"),
        (BACK - SECOND, "02:59 (UTC+2)"),
        (BACK, "02:00 (UTC+1)"),
        (BACK + 60 * MINUTE - SECOND, "02:59 (UTC+1)"),
        (BACK + 60 * MINUTE, "03:00"),
        (FORWARD - SECOND, "01:59"),
        (FORWARD, "03:00"),
    ],
)
@pytest.mark.parametrize("freezing", [False, True])
def test_only_the_hour_that_comes_twice_has_its_offset(
    instant: datetime, shown: str, freezing: bool
) -> None:
    if not freezing:
        assert formatting.hour(instant, BERLIN) == shown
        return
    with freeze_time(instant):  # Its datetimes lose their fold.
        assert formatting.hour(datetime.now(UTC), BERLIN) == shown


@pytest.mark.parametrize(
    ("zone", "first", "second"),
    [
        ("America/New_York", "2027-11-07T05:30Z 01:30 (UTC−4)", "2027-11-07T06:30Z 01:30 (UTC−5)"),
        (
            "Australia/Lord_Howe",
            "2027-04-03T14:45Z 01:45 (UTC+11)",
            "2027-04-03T15:15Z 01:45 (UTC+10:30)",
        ),
        ("Africa/Casablanca", "2024-03-10T01:30Z 02:30 (UTC+1)", "2024-03-10T02:30Z 02:30 (UTC+0)"),
        (
            "America/St_Johns",
            "2027-11-07T04:00Z 01:30 (UTC−2:30)",
            "2027-11-07T05:00Z 01:30 (UTC−3:30)",
        ),
    ],
)
def test_two_equal_times_of_any_zone_are_told_apart(zone: str, first: str, second: str) -> None:
    for line in (first, second):
        instant, _, shown = line.partition(" ")
        assert formatting.hour(datetime.fromisoformat(instant), ZoneInfo(zone)) == shown


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "Pacific/Apia"])
def test_a_zone_whose_clocks_never_go_back_shows_no_offset(zone: str) -> None:
    hours = {formatting.hour(BACK + each * 15 * MINUTE, ZoneInfo(zone)) for each in range(-96, 96)}
    assert not any("UTC" in each for each in hours)


def test_the_offset_stands_in_every_form_that_shows_an_hour() -> None:
    second_half_past_two = BACK + 30 * MINUTE
    shown = {
        "hour": "02:30 (UTC+1)",
        "second": "02:30:00 (UTC+1)",
        "clock": "02:30 (UTC+1), Berlin time",
        "to_the_minute": "31 Oct 2027, 02:30 (UTC+1)",
        "iso_minute": "2027-10-31 02:30 (UTC+1)",
        "iso_second": "2027-10-31 02:30:00 (UTC+1)",
        "day_and_clock": "Sunday, 31 October, 02:30 (UTC+1), Berlin time",
        "day_and_second": "Sunday, 31 October 2027, 02:30:00 (UTC+1)",
        "exactly": "Sunday, 31 October 2027, 02:30:00 (UTC+1), Berlin time",
    }
    for name, text in shown.items():
        assert getattr(formatting, name)(second_half_past_two, BERLIN) == text


def test_a_note_says_when_clocks_are_put_back_if_a_time_comes_twice() -> None:
    note = "At 03:00 (UTC+2) clocks are put back to 02:00 (UTC+1)."
    ends_at, held_until = BACK - 40 * MINUTE, BACK
    assert formatting.clock_change_note(BERLIN, ends_at, held_until) == note
    assert formatting.clock_change_note(BERLIN, BACK + 60 * MINUTE, BACK - 61 * MINUTE) == ""


def _read_back(text: str, zone: ZoneInfo) -> datetime:
    """The instant that a person understands by a day and a time."""
    found = re.search(r"(\d\d:\d\d(?::\d\d)?)(?: \(UTC([+−])(\d+)(?::(\d\d))?\))?", text)
    day = re.search(r"\d{4}-\d\d-\d\d|\d{1,2} \w{3,} \d{4}", text)
    assert found is not None and day is not None, text
    for form in ("%Y-%m-%d", "%d %b %Y", "%d %B %Y"):
        try:
            date = datetime.strptime(day[0], form).date()  # noqa: DTZ007
        except ValueError:
            continue
        break
    wall = datetime.fromisoformat(f"{date} {found[1]}")
    both = instants_of_wall_time(wall, zone)
    if found[2] is None:
        assert len(both) == 1, f"{text} is ambiguous"
        return both[0]
    offset = timedelta(hours=int(found[3]), minutes=int(found[4] or 0))
    ahead = offset if found[2] == "+" else -offset
    return wall.replace(tzinfo=UTC) - ahead


@given(zone=zones, instant=instants)
@example(zone=BERLIN, instant=BACK)
@example(zone=ZoneInfo("Pacific/Apia"), instant=datetime(2011, 12, 30, 10, tzinfo=UTC))
def test_what_is_shown_is_read_back_as_the_same_instant(zone: ZoneInfo, instant: datetime) -> None:
    with_date: list[Callable[[datetime, tzinfo], str]] = [
        *(formatting.to_the_minute, formatting.iso_minute, formatting.iso_second),
        *(formatting.day_and_second, formatting.exactly),
    ]
    for form in with_date:
        assert _read_back(form(instant, zone), zone) == instant
    date = wall_time(instant, zone).date()
    beside_its_date = [
        *(formatting.hour(instant, zone), formatting.second(instant, zone)),
        *(formatting.clock(instant, zone), formatting.day_and_clock(instant, zone)),
        strip_tags(formatting.moment(instant, zone, now=instant - timedelta(days=1))),
        strip_tags(formatting.clock_face(instant, zone, "held-until", instant)),
    ]
    for text in beside_its_date:
        assert _read_back(f"{date} {text}", zone) == instant


@given(zone=zones, instant=instants)
@example(zone=BERLIN, instant=BACK - SECOND)
@example(zone=BERLIN, instant=BACK)
def test_what_a_form_shows_is_typed_back_as_the_same_instant(
    zone: ZoneInfo, instant: datetime
) -> None:
    assert instant_of(read_time(written(instant, zone), zone).time, zone) == instant


@given(zone=zones, instant=instants)
def test_a_time_without_its_offset_is_never_taken_for_another(
    zone: ZoneInfo, instant: datetime
) -> None:
    wall = wall_time(instant, zone)
    if comes_twice(instant, zone):
        with pytest.raises(ValidationError):
            instant_of(wall, zone)
    else:
        assert instant_of(wall, zone) == instant


# --- What is typed ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "typed", "nearest"),
    [
        ("Europe/Berlin", "2027-03-28 02:00", "2027-03-28 01:59:59 and 2027-03-28 03:00:00"),
        ("Europe/Berlin", "2027-03-28 02:59:59", "2027-03-28 01:59:59 and 2027-03-28 03:00:00"),
        ("Australia/Lord_Howe", "2027-10-03 02:15", "2027-10-03 01:59:59 and 2027-10-03 02:30:00"),
        ("Pacific/Apia", "2011-12-30 12:00", "2011-12-29 23:59:59 and 2011-12-31 00:00:00"),
    ],
)
def test_a_time_that_never_comes_is_refused_with_the_nearest_times(
    zone: str, typed: str, nearest: str
) -> None:
    with pytest.raises(ValidationError, match="There is no") as refusal:
        instant_of(read_time(typed, ZoneInfo(zone)).time, ZoneInfo(zone))
    assert refusal.value.code == "never"
    assert nearest in refusal.value.message


@pytest.mark.parametrize("typed", ["2027-03-28 01:59:59", "2027-03-28 03:00"])
def test_the_seconds_beside_the_hour_that_never_comes_are_taken(typed: str) -> None:
    assert instant_of(read_time(typed, BERLIN).time, BERLIN) in {FORWARD - SECOND, FORWARD}


def test_a_time_that_comes_twice_is_refused_with_both_as_they_may_be_written() -> None:
    with pytest.raises(ValidationError) as refusal:
        instant_of(read_time("2027-10-31 02:30", BERLIN).time, BERLIN)
    assert refusal.value.code == "twice"
    for offset in ("+02:00", "+01:00"):
        assert f"2027-10-31 02:30:00 {offset}" in refusal.value.message


@pytest.mark.parametrize(
    "typed",
    [
        "2027-10-31 02:30 +01:00",
        "2027-10-31T02:30+01:00",
        "2027-10-31 02:30:00 +01",
        "2027-10-31 01:30Z",
    ],
)
def test_an_offset_is_read_however_it_is_written(typed: str) -> None:
    assert instant_of(read_time(typed, BERLIN).time, BERLIN) == BACK + 30 * MINUTE


@pytest.mark.parametrize("typed", ["", "noon", "2027-02-30 12:00", "2027-10-31 25:00", "+01:00"])
def test_what_is_no_time_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(ValidationError, match="Write it as"):
        read_time(typed, BERLIN)
