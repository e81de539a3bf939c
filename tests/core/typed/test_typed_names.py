"""Names and titles as people write and copy them."""

import unicodedata

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from shop.core.typed.names import read_name


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Stoneware mug", "Stoneware mug"),
        ("  Stoneware\u00a0 mug\t", "Stoneware mug"),
        ("Mu\u0308ller", "Müller"),
        ("Stone\u200bware\u00ad mug\ufeff", "Stoneware mug"),
        ("\u200fכוס\u200f", "כוס"),
        # Joined: without the joiner it is another word, and another picture.
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d🚀 mug", "👩\u200d🚀 mug"),
        ("7", "7"),
        ("™", "™"),
    ],
)
def test_a_name_is_kept_as_it_is_read(written: str, name: str) -> None:
    assert read_name(written) == name


@pytest.mark.parametrize("written", ["\u200b", "\u200b \ufeff", "\u3164", "\u2800", "\u200d\u200d"])
def test_a_name_that_nobody_can_see_is_refused(written: str) -> None:
    with pytest.raises(ValidationError, match="cannot be seen"):
        read_name(written)


@pytest.mark.parametrize("mark", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_a_name_that_turns_the_text_around_it_is_refused(mark: str) -> None:
    with pytest.raises(ValidationError, match="turns the direction"):
        read_name(f"mug{mark}gpj.exe")


def test_no_name_is_no_name() -> None:
    assert read_name("  ") == ""


@given(st.text())
def test_a_name_that_was_read_is_read_as_itself(written: str) -> None:
    try:
        name = read_name(written)
    except ValidationError:
        return
    assert read_name(name) == name
    assert unicodedata.is_normalized("NFC", name)
