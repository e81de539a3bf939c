"""Stretches of time as people write them, in five languages."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from shop.core.durations import exact_duration
from shop.core.typed.windows import TypedWindow, read_window
from shop.core.wall_time import comes_twice, instant_of, wall_time, written

CORPUS = Path(__file__).parents[2] / "inputs" / "windows.tsv"
BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 27, 11, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
minutes = st.integers(0, 400 * 24 * 60).map(lambda count: NOON + count * MINUTE)
lengths = st.integers(1, 23 * 60)


def read(text: str) -> TypedWindow | None:
    return read_window(text, BERLIN, now=NOON)


def lines() -> list[list[str]]:
    rows = CORPUS.read_text().splitlines()
    return [row.split("\t") for row in rows if not row.startswith("#")]


@pytest.mark.parametrize(("text", "gives"), [row for row in lines() if row[1][0] not in "?-"])
def test_a_stretch_is_read_as_its_author_meant_it(text: str, gives: str) -> None:
    start, end = gives.removeprefix("~").split("/")
    found = read(text)
    assert found is not None
    assert found.starts_at == instant_of(datetime.fromisoformat(start), BERLIN)
    assert found.ends_at == instant_of(datetime.fromisoformat(end), BERLIN)
    assert found.is_exact is not gives.startswith("~")


@pytest.mark.parametrize(("text", "said"), [row for row in lines() if row[1][0] == "?"])
def test_what_may_be_two_stretches_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        read(text)
    assert said.removeprefix("?") in refusal.value.messages[0]


@pytest.mark.parametrize("text", [row[0] for row in lines() if row[1] == "-"] + ["1 to " * 100])
def test_what_has_no_beginning_and_end_is_no_stretch(text: str) -> None:
    assert read(text) is None


@given(instant=minutes, length=lengths)
def test_how_long_it_lasts_is_counted_by_the_clock(instant: datetime, length: int) -> None:
    for word in ("for", "für", "pendant", "durante", "per"):
        text = f"{written(instant, BERLIN)} {word} {exact_duration(60 * length)}"
        assert read(text) == TypedWindow(instant, instant + length * MINUTE, is_exact=True)


@given(instant=minutes, length=lengths)
def test_an_end_without_its_day_is_the_first_after_the_beginning(
    instant: datetime, length: int
) -> None:
    end = instant + length * MINUTE
    wall = wall_time(end, BERLIN)
    if comes_twice(end, BERLIN) or comes_twice(instant, BERLIN):
        return
    found = read(f"{wall_time(instant, BERLIN):%d.%m.%Y %H:%M} – {wall:%H:%M}")
    assert found is not None
    assert (found.starts_at, found.ends_at) == (instant, end)
    assert found.is_exact is (wall.date() == wall_time(instant, BERLIN).date())
