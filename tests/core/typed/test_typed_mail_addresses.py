"""Mail addresses as people write them, and the slips that are asked about."""

import json
from email.headerregistry import Address
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from shop.core.typed.mail_addresses import meant_instead, read_mail_address

CORPUS = json.loads(
    (Path(__file__).parents[2] / "inputs/addresses/mails.json").read_text(encoding="utf-8")
)
TAKEN = [each for each in CORPUS if "gives" in each]
REFUSED = [each for each in CORPUS if "says" in each]


def trait(case: Any) -> str:
    return str(case["trait"])


@pytest.mark.parametrize("case", TAKEN, ids=trait)
def test_an_address_that_mail_can_reach_is_read(case: dict[str, str]) -> None:
    assert read_mail_address(case["typed"]) == case["gives"]


@pytest.mark.parametrize("case", REFUSED, ids=trait)
def test_what_no_mail_can_reach_is_refused_in_words(case: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as refused:
        read_mail_address(case["typed"])
    assert case["says"] in refused.value.messages[0]


@pytest.mark.parametrize("case", CORPUS, ids=trait)
def test_a_slip_is_asked_about_and_nothing_else(case: dict[str, str]) -> None:
    assert meant_instead(case["typed"]) == case.get("meant", "")


@pytest.mark.parametrize("case", [each for each in CORPUS if "meant" in each], ids=trait)
def test_what_was_probably_meant_is_an_address_without_a_slip(case: dict[str, str]) -> None:
    assert read_mail_address(case["meant"]) == case["meant"]
    assert meant_instead(case["meant"]) == ""


@given(st.text(max_size=400) | st.from_regex(r"[a-zK.+\"]{1,9}@[a-zßK.,]{1,12}", fullmatch=True))
def test_what_is_read_is_read_again_as_the_same_and_can_be_mailed_to(text: str) -> None:
    meant_instead(text)
    try:
        address = read_mail_address(text)
    except ValidationError:
        return
    assert read_mail_address(address) == address
    assert Address(addr_spec=address).username.isascii()
