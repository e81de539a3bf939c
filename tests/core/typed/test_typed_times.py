"""Times as people write them, in five languages."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_datetime
from django.core.exceptions import ValidationError
from hypothesis import example, given
from hypothesis import strategies as st

from shop.core import formatting
from shop.core.typed.calendar_words import months, weekdays
from shop.core.typed.money import LANGUAGES
from shop.core.typed.times import TypedTime, read_time
from shop.core.wall_time import comes_twice, instant_of, wall_time, written

CORPUS = Path(__file__).parents[2] / "inputs" / "times.tsv"
BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 27, 11, tzinfo=UTC)
SECOND = timedelta(seconds=1)
#: As people there write; the seven variants differ in order, signs and hours.
LOCALES = [*LANGUAGES, "en_GB", "fr_CA", "de_CH", "it_CH", "es_MX"]
#: What a time may be made of.
PIECES = (
    *("25", "12", "2026", "26", "17:30", "18", "Uhr", "h", "am", "pm", ".", "/", "-", ",", "6"),
    *("today", "morgen", "Friday", "Dez", "mar", "de", "at", "um", "à", "noon", "midnight", "2"),
    *("+", "UTC", "next", "le", "in"),
)
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Sydney", "America/Sao_Paulo", "UTC"]


def instants(first: int, last: int) -> st.SearchStrategy[datetime]:
    """Whole seconds of some years, far from the first and the last day."""
    start, end = datetime(first, 1, 3, tzinfo=UTC), datetime(last, 12, 29, tzinfo=UTC)
    seconds = st.integers(0, int((end - start) / SECOND))
    return seconds.map(lambda count: start + count * SECOND)


this_century, later, any_time = instants(2000, 2099), instants(2100, 2999), instants(2000, 2999)


def read(text: str, *, now: datetime = NOON, is_past: bool = False) -> TypedTime:
    return read_time(text, BERLIN, now=now, is_past=is_past)


def lines() -> list[list[str]]:
    written_lines = CORPUS.read_text().splitlines()
    return [line.split("\t") for line in written_lines if not line.startswith("#")]


READ = [line for line in lines() if not line[1].startswith("?")]
ASKED = [line for line in lines() if line[1].startswith("?")]


@pytest.mark.parametrize(("text", "gives"), READ)
def test_a_time_is_read_as_its_author_meant_it(text: str, gives: str) -> None:
    found = read(text)
    meant = datetime.fromisoformat(gives.removeprefix("~"))
    assert instant_of(found.time, BERLIN) == instant_of(meant, BERLIN)
    assert found.is_exact is not gives.startswith("~")


@pytest.mark.parametrize(("text", "said"), ASKED)
def test_what_is_no_time_or_may_be_two_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        read(text)
    assert said.removeprefix("?") in refusal.value.message


@pytest.mark.parametrize("text", ["", " " * 200, "1 " * 200, "25.12.2026 17:30 " + "x" * 100])
def test_a_text_of_nothing_or_of_hundreds_of_letters_is_no_time(text: str) -> None:
    with pytest.raises(ValidationError, match="Write it as"):
        read(text)


@pytest.mark.parametrize(
    ("now", "text", "gives"),
    [
        ("2026-11-27 23:59:59", "today 18:00", "2026-11-27 18:00"),
        ("2026-11-28 00:00:00", "today 18:00", "2026-11-28 18:00"),
        ("2026-11-27 23:59:59", "morgen 18:00", "2026-11-28 18:00"),
        ("2026-11-28 00:00:00", "morgen 18:00", "2026-11-29 18:00"),
        ("2026-11-27 23:59:59", "18:00", "2026-11-27 18:00"),
        ("2026-11-27 18:00:00", "Friday 18:00", "2026-11-27 18:00"),
        ("2026-11-27 18:00:01", "Friday 18:00", "2026-12-04 18:00"),
        ("2026-12-31 23:59:59", "31 December 24:00", "2027-01-01 00:00"),
        ("2027-01-01 00:00:01", "31 December 24:00", "2028-01-01 00:00"),
        # Clocks are put forward at 02:00, and back at 03:00.
        ("2027-03-28 01:59:59", "today 03:00", "2027-03-28 03:00"),
        ("2027-03-28 03:00:00", "tomorrow 02:30", "2027-03-29 02:30"),
        ("2027-10-31 00:00:00", "today 03:00", "2027-10-31 03:00"),
        ("2027-10-31 02:30:00 +01:00", "morgen 2:30", "2027-11-01 02:30"),
        ("2027-10-30 23:59:59", "tomorrow 03:00", "2027-10-31 03:00"),
    ],
)
def test_days_are_counted_from_the_day_in_the_sales_own_zone(
    now: str, text: str, gives: str
) -> None:
    instant = instant_of(datetime.fromisoformat(now), BERLIN)
    assert read(text, now=instant).time == datetime.fromisoformat(gives)


def test_in_an_hour_counts_by_the_clock_whatever_the_wall_shows() -> None:
    first = datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert read("in 1 hour", now=first).time == first + timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "coming", "past"),
    [
        ("25 November 18:00", "2027-11-25 18:00", "2026-11-25 18:00"),
        ("25 December 18:00", "2026-12-25 18:00", "2025-12-25 18:00"),
        ("Friday 18:00", "2026-11-27 18:00", "2026-11-20 18:00"),
        ("Friday 11:00", "2026-12-04 11:00", "2026-11-27 11:00"),
        ("18:00", "2026-11-27 18:00", "2026-11-27 18:00"),
    ],
)
def test_of_what_was_the_latest_is_meant_and_of_what_will_be_the_next(
    text: str, coming: str, past: str
) -> None:
    assert read(text).time == datetime.fromisoformat(coming)
    assert read(text, is_past=True).time == datetime.fromisoformat(past)


@pytest.mark.parametrize("text", ["today 18:00", "18:00", "Friday 18:00", "25.12. 18:00", "now"])
def test_who_does_not_know_what_day_it_is_reads_no_such_day(text: str) -> None:
    with pytest.raises(ValidationError, match="Write"):
        read_time(text, BERLIN)


@pytest.mark.parametrize(
    ("zone", "text", "gives"),
    [
        ("America/New_York", "Dec 25, 2026 5:30 PM EST", "2026-12-25T22:30Z"),
        ("America/New_York", "Jul 25, 2026 5:30 PM Eastern Daylight Time", "2026-07-25T21:30Z"),
        ("America/New_York", "Nov 7, 2027 1:30 AM EST", "2027-11-07T06:30Z"),
        ("Australia/Sydney", "25 December 2026 17:30 AEDT", "2026-12-25T06:30Z"),
        ("Europe/London", "25 July 2026 17:30 BST", "2026-07-25T16:30Z"),
        ("Europe/London", "25 December 2026 17:30 GMT", "2026-12-25T17:30Z"),
        ("Europe/Dublin", "25 December 2026 17:30 GMT", "2026-12-25T17:30Z"),
        ("Europe/Dublin", "25 July 2026 17:30 IST", "2026-07-25T16:30Z"),
        ("Asia/Tokyo", "2026-12-25 17:30 JST", "2026-12-25T08:30Z"),
    ],
)
def test_a_zones_own_names_are_read_with_its_times(zone: str, text: str, gives: str) -> None:
    found = read_time(text, ZoneInfo(zone)).time
    assert instant_of(found, ZoneInfo(zone)) == datetime.fromisoformat(gives)


def test_no_name_means_two_months_or_two_weekdays_in_different_languages() -> None:
    for number in range(12):
        date = datetime(2026, number + 1, 15, tzinfo=UTC)
        for language in LANGUAGES:
            assert months()[_folded(format_datetime(date, "MMMM", locale=language))] == number + 1
    for number in range(7):
        date = datetime(2026, 11, 23 + number, tzinfo=UTC)
        for language in LANGUAGES:
            for width in ("EEEE", "EEE"):
                name = _folded(format_datetime(date, width, locale=language))
                assert weekdays()[name] == number


def _folded(name: str) -> str:
    accents = str.maketrans("áéíóúàèìòùäöüûñ", "aeiouaeiouaouun")
    return name.casefold().rstrip(".").translate(accents)


# --- What is written is read back --------------------------------------------------


@pytest.mark.parametrize("length", ["full", "long", "medium", "short"])
@given(instant=this_century, zone=st.sampled_from(ZONES), locale=st.sampled_from(LOCALES))
@example(instant=datetime(2027, 10, 31, 0, 30, tzinfo=UTC), zone="Europe/Berlin", locale="de")
@example(instant=datetime(2027, 10, 31, 1, 30, tzinfo=UTC), zone="Europe/Berlin", locale="de")
@example(instant=datetime(2026, 11, 12, 11, 0, tzinfo=UTC), zone="Europe/Berlin", locale="en_GB")
def test_what_a_language_writes_is_read_as_the_same_instant_or_asked_about(
    length: str, instant: datetime, zone: str, locale: str
) -> None:
    own = ZoneInfo(zone)
    # Countries have other names for the zones of the world.
    locale = locale[:2] if length == "full" else locale
    text = format_datetime(instant, length, tzinfo=own, locale=locale)
    instant = instant.replace(second=0) if length == "short" else instant
    wall, code = wall_time(instant, own), None
    try:
        found = read_time(text, own)
        assert instant_of(found.time, own) == instant
    except ValidationError as question:
        code = question.code
    may_be_two_days = length == "short" and wall.day <= 12 and wall.day != wall.month
    expected = {None, "ambiguous"} if may_be_two_days else {None}
    assert code in ({"twice"} if comes_twice(instant, own) and length[0] in "ms" else expected)


@given(instant=later, zone=st.sampled_from(ZONES), locale=st.sampled_from(LOCALES))
def test_four_figures_of_a_year_are_the_year(instant: datetime, zone: str, locale: str) -> None:
    own = ZoneInfo(zone)
    text = format_datetime(instant, "medium", tzinfo=own, locale=locale)
    if not comes_twice(instant, own):
        assert instant_of(read_time(text, own).time, own) == instant


@given(instant=any_time, zone=st.sampled_from(ZONES))
def test_what_the_shop_writes_it_reads(instant: datetime, zone: str) -> None:
    own = ZoneInfo(zone)
    for text in (written(instant, own), formatting.exactly(instant, own)):
        assert instant_of(read_time(text, own).time, own) == instant
    text, minute = formatting.to_the_minute(instant, own), instant.replace(second=0)
    assert instant_of(read_time(text, own).time, own) == minute


@given(st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join))
def test_whatever_is_accepted_keeps_its_meaning_written_out(text: str) -> None:
    try:
        instant = instant_of(read(text).time, BERLIN)
    except ValidationError:
        return
    assert instant_of(read(written(instant, BERLIN)).time, BERLIN) == instant
