"""Counts, and words for yes and no."""

import pytest
from django.core.exceptions import ValidationError

from shop.core.typed.numbers import read_count
from shop.core.typed.words import read_yes_or_no


@pytest.mark.parametrize(
    ("written", "count"),
    [("24", 24), (" 24 ", 24), ("0", 0), ("1 000", 1000), ("1,000,000", 1_000_000), ("12.0", 12)],
)
def test_a_count_is_read(written: str, count: int) -> None:
    assert read_count(written, "units") == count


@pytest.mark.parametrize(
    ("written", "said"),
    [
        # Some programs write 12 units so, and some people 12,000.
        ("12.000", "may be 12000 or 12"),
        ("1,000", "may be 1000 or 1"),
        ("1.5", "not a whole number of units"),
        ("-3", "below zero"),
        ("many", "not a whole number of units"),
        ("9" * 19, "more units than can be counted"),
        ("9" * 5000, "not a whole number"),
        ("٣", "figures 0 to 9"),
    ],
)
def test_what_is_no_count_or_may_mean_two_is_refused_in_words(written: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        read_count(written, "units")


@pytest.mark.parametrize("word", ["yes", "Ja", "OUI", "sí", "si", "sì", "true", "1", "x"])
def test_yes_is_yes(word: str) -> None:
    assert read_yes_or_no(word)


@pytest.mark.parametrize("word", ["no", "Nein", "non", "false", "0"])
def test_no_is_no(word: str) -> None:
    assert not read_yes_or_no(word)


@pytest.mark.parametrize("word", ["maybe", "2", "", "yes no"])
def test_another_word_is_neither(word: str) -> None:
    with pytest.raises(ValidationError, match="neither yes nor no"):
        read_yes_or_no(word)
