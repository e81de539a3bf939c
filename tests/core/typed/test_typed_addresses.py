"""Addresses of many countries as people write them, and what each country needs."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from shop.core.typed.addresses import (
    address_fields,
    address_lines,
    countries,
    read_postal_code,
    read_state,
)

CORPUS = json.loads(
    (Path(__file__).parents[2] / "inputs/addresses/addresses.json").read_text(encoding="utf-8")
)
NOTHING = dict.fromkeys(("name", "line1", "line2", "city", "state", "postal_code"), "")


def trait(case: Any) -> str:
    return str(case["trait"])


def read(case: Any) -> tuple[dict[str, str], dict[str, str]]:
    """What is read of an address, and what is said of the fields that are refused."""
    country, typed = case["country"], case["typed"]
    given: dict[str, str] = {}
    said: dict[str, str] = {}
    try:
        given["state"] = read_state(typed.get("state", ""), country)
    except ValidationError as error:
        said["state"] = error.messages[0]
    try:
        postal_code = typed.get("postal_code", "")
        given["postal_code"] = read_postal_code(postal_code, country, given.get("state", ""))
    except ValidationError as error:
        said["postal_code"] = error.messages[0]
    return given, said


@pytest.mark.parametrize("case", CORPUS, ids=trait)
def test_an_address_is_understood_or_refused_in_words(case: Any) -> None:
    given, said = read(case)
    assert said == case.get("refused", {})
    typed = {name: case["typed"].get(name, "") for name in given}
    assert given == {
        **typed,
        **{name: case.get("gives", typed).get(name, typed[name]) for name in given},
    }


@pytest.mark.parametrize("case", [each for each in CORPUS if "lines" in each], ids=trait)
def test_an_address_is_written_as_its_country_writes_it(case: Any) -> None:
    given, _ = read(case)
    address = {**NOTHING, **case["typed"], **given, "name": "Ada"}
    assert address_lines(case["country"], address) == case["lines"]


@pytest.mark.parametrize(
    ("country", "labels"),
    [
        ("DE", ["Postal code", "Town or city"]),
        ("GB", ["Town", "Postal code"]),
        ("US", ["Town or city", "State", "ZIP code"]),
        ("IE", ["Town or city", "County", "Eircode"]),
        ("IT", ["Postal code", "Town or city", "Province"]),
        ("AU", ["Suburb", "State", "Postal code"]),
        ("HK", ["District", "Area"]),
        ("AE", ["Town or city", "Emirate"]),
        ("IN", ["Town or city", "PIN code", "State"]),
    ],
)
def test_fields_have_the_labels_and_the_order_of_their_country(
    country: str, labels: list[str]
) -> None:
    assert [each.label for each in address_fields(country)] == labels


def test_the_countries_are_those_of_iso_3166() -> None:
    assert len(countries()) == 249
    assert countries()["DE"] == "Germany"
    assert not {"EU", "AC", "XK", "ZZ"} & countries().keys()


@pytest.mark.parametrize("country", countries())
def test_what_a_country_gives_as_an_example_or_to_choose_it_takes(country: str) -> None:
    for field in address_fields(country):
        if field.example:
            assert read_postal_code(field.example, country) == field.example
        for written, name in field.choices:
            assert read_state(written, country) == read_state(name, country) == written


@given(
    st.sampled_from(sorted(countries())), st.text(alphabet="0123456789ABCDEFabcdk -", max_size=12)
)
def test_a_postcode_that_is_read_is_read_again_as_the_same_and_loses_no_figure(
    country: str, text: str
) -> None:
    try:
        code = read_postal_code(text, country)
    except ValidationError:
        return
    assert read_postal_code(code, country) == code
    has_postcodes = any(each.name == "postal_code" for each in address_fields(country))
    if has_postcodes:
        figures = "".join(filter(str.isdigit, text))
        assert "".join(filter(str.isdigit, code)) == figures


@given(
    st.sampled_from(sorted(countries())),
    st.fixed_dictionaries({name: st.sampled_from(["", "Qwx", "1234"]) for name in NOTHING}),
)
def test_an_address_leaves_out_nothing_of_what_was_typed(
    country: str, address: dict[str, str]
) -> None:
    written = "\n".join(address_lines(country, address))
    assert all(value in written for value in address.values())
    assert "\n\n" not in written
    assert not any(line.strip(" ,-") != line.strip() for line in written.split("\n"))
