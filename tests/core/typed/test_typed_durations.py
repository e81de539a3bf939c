"""Durations as people write them, in five languages."""

import pytest
from babel.units import format_unit
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from shop.core.durations import exact_duration
from shop.core.typed.durations import read_duration
from shop.core.typed.money import LANGUAGES

MINUTE, HOUR, DAY = 60, 3600, 86_400
# fmt: off
READ = [
    ("30", 30 * MINUTE), ("30 minutes", 30 * MINUTE), ("30min", 30 * MINUTE), ("30 m", 30 * MINUTE),
    ("1,5 h", 90 * MINUTE), ("1.5 h", 90 * MINUTE), ("1,50 Std.", 90 * MINUTE),
    ("0,500 h", 30 * MINUTE), ("1 h 30", 90 * MINUTE), ("1h30", 90 * MINUTE),
    ("1h30m", 90 * MINUTE), ("1 h 30 min 15 s", 5415), ("2h 5", 125 * MINUTE),
    ("1000 s", 1000), ("1 000 s", 1000), ("1\u202f000 s", 1000), ("1'000 s", 1000),
    ("1\u00a0h", HOUR), ("PT30M", 30 * MINUTE), ("pt1h30m", 90 * MINUTE), ("P1D", DAY),
    ("P1W", 7 * DAY), ("PT1,5H", 90 * MINUTE), ("P1DT12H", 36 * HOUR),
    ("00:30", 30 * MINUTE), ("1:30", 90 * MINUTE), ("00:30:15", 1815),
    ("90 Minuten", 90 * MINUTE), ("1 Std. 30 Min.", 90 * MINUTE), ("eine Stunde", HOUR),
    ("2 Stunden und 5 Minuten", 125 * MINUTE), ("eine halbe Stunde", 30 * MINUTE),
    ("2 heures et 5 minutes", 125 * MINUTE), ("une demi-heure", 30 * MINUTE), ("1 jour", DAY),
    ("2 días", 2 * DAY), ("media hora", 30 * MINUTE), ("una hora y media", 90 * MINUTE),
    ("3 ore", 3 * HOUR), ("1 giorno e 2 ore", 26 * HOUR), ("mezz’ora", 30 * MINUTE),
    ("half an hour", 30 * MINUTE), ("an hour and 30 minutes", 90 * MINUTE),
    ("1 hour, 30 minutes", 90 * MINUTE), ("2 weeks", 14 * DAY), ("0 minutes", 0),
]
REFUSED = [
    ("1,000 s", "may be 1000 or 1"), ("1.000 s", "may be 1000 or 1"), ("1,500 h", "may be 1500"),
    ("1,5", "Say of what 1.5 is"), ("1d 5", "Say of what 5 is"), ("1 h 90", "Say of what 90 is"),
    ("0.5 s", "fraction of a second"), ("1.5 h 30 min", "Only the smallest unit"),
    ("30 minutes 1 hour", "Write it as"), ("1 h 1 h", "Write it as"), ("-5 min", "Write it as"),
    ("5 parsecs", "parsecs is no unit of time"), ("1 month", "depends on the calendar"),
    ("2 ans", "depends on the calendar"), ("1:75", "Write it as"), ("P", "Write it as"),
    ("PT", "Write it as"), ("P1M", "Write it as"), ("soon", "Write it as"), ("h", "Write it as"),
    ("", "Write it as"), ("٣ min", "figures 0 to 9"), ("999999999 days", "hundred years"),
    ("99999999 d " * 40, "Write it as"), ("1e3 s", "Write it as|is no unit"),
]
# fmt: on


@pytest.mark.parametrize(("written", "seconds"), READ)
def test_a_duration_is_read_as_its_author_meant_it(written: str, seconds: int) -> None:
    assert read_duration(written) == seconds


@pytest.mark.parametrize(("written", "said"), REFUSED)
def test_what_is_no_duration_or_may_mean_two_is_refused_in_words(written: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        read_duration(written)


@given(st.integers(min_value=0, max_value=100 * 365 * DAY))
def test_a_duration_that_the_shop_writes_it_reads(seconds: int) -> None:
    assert read_duration(exact_duration(seconds)) == seconds


@given(
    st.sampled_from(LANGUAGES),
    st.sampled_from([("week", 7 * DAY), ("day", DAY), ("hour", HOUR), ("minute", MINUTE)]),
    st.sampled_from(["long", "short", "narrow"]),
    st.integers(min_value=1, max_value=999) | st.sampled_from([0.5, 1.5, 2.25]),
)
def test_what_a_language_writes_is_read_as_the_same_duration(
    language: str, unit: tuple[str, int], length: str, count: float
) -> None:
    name, seconds = unit
    written = format_unit(count, f"duration-{name}", length, locale=language)  # type: ignore[arg-type]
    # Where CLDR has no words for it, Babel writes the unit's own name.
    if "duration-" not in written:
        assert read_duration(written) == count * seconds
