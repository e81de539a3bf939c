"""The vocabulary: money in integers, moments as people say them, one meaning for each step."""

from datetime import timedelta
from pathlib import Path

import pytest
from pytest_bdd.feature import get_feature

from shop.qa.pytest_plugin.factories import ROOT
from shop.qa.pytest_plugin.parsing import Money, WrongWords, duration, money
from shop.qa.pytest_plugin.steps import SECTIONS
from shop.qa.pytest_plugin.vocabulary import PLACEHOLDERS, VOCABULARY, Entry, closest
from shop.qa.pytest_plugin.vocabulary_page import vocabulary
from shop.qa.pytest_plugin.world import World

FEATURES = sorted((ROOT / "tests" / "scenarios").glob("*.feature"))


def steps_of(path: Path) -> set[str]:
    """Everything that a file says, outlines with each of their rows."""
    said: set[str] = set()
    for template in get_feature(str(path.parent), path.name).scenarios.values():
        rows = [row for table in template.examples for row in table.as_contexts()] or [{}]
        said |= {step.name for row in rows for step in template.render(row).steps}
    return said


@pytest.mark.parametrize(
    ("text", "amount"),
    [("9.90 EUR", 990), ("10 EUR", 1000), ("500 JPY", 500), ("1.230 KWD", 1230), ("0.07 USD", 7)],
)
def test_money_is_counted_in_the_currencys_minor_units(text: str, amount: int) -> None:
    assert money(text) == Money(amount, text[-3:])


@pytest.mark.parametrize("text", ["9.9 EUR", "9.900 EUR", "5.00 JPY", "1.23 KWD", "1.00 XYZ"])
def test_money_that_no_currency_has_is_refused(text: str) -> None:
    with pytest.raises(WrongWords, match=text[-3:]):
        money(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("a second", 1),
        ("half an hour", 1800),
        ("one hour and 30 seconds", 3630),
        ("10 days", 864_000),
    ],
)
def test_spans_of_time_are_said_as_people_say_them(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("12:14:59", "2026-11-27 11:14:59"),
        ("9:05", "2026-11-27 08:05:00"),
        ("00:10 the next day", "2026-11-27 23:10:00"),
        ("12:00 three days later", "2026-11-30 11:00:00"),
        ("09:00 on 2027-07-01", "2027-07-01 07:00:00"),
        ("when Autumn opens", "2026-11-27 11:00:00"),
        ("one second before Autumn closes", "2026-11-27 11:14:59"),
        ('2 minutes after "Autumn" closes', "2026-11-27 11:17:00"),
        ("5 minutes later", "2026-11-27 10:05:00"),
        ("the first 02:30 on 2026-10-25", "2026-10-25 00:30:00"),
        ("the second 02:30 on 2026-10-25", "2026-10-25 01:30:00"),
    ],
)
@pytest.mark.django_db
def test_a_moment_is_the_time_on_the_wall_in_the_sales_zone(
    world: World, text: str, utc: str
) -> None:
    deal = {"sku": "M", "name": "mug", "price": 990, "list_price": 4990, "currency": "EUR"}
    world.load_sale("Autumn", "Europe/Berlin", "12:00", "12:15", deals=[{**deal, "stock": 1}])
    assert f"{world.moment(text):%F %T}" == utc


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("25:00", "is no time"),
        ("02:30 on 2026-10-25", "comes twice"),
        ("02:30 on 2027-03-28", "There is no"),
        ("when Winter opens", 'There is no sale "Winter"'),
        ("when the hold ends", "Nobody has done anything yet"),
        ("when the order lapses", "There is no order"),
    ],
)
@pytest.mark.django_db
def test_a_moment_that_cannot_be_meant_is_refused_in_words(
    world: World, text: str, said: str
) -> None:
    deal = {"sku": "M", "name": "mug", "price": 990, "list_price": 4990, "currency": "EUR"}
    world.load_sale("Autumn", "Europe/Berlin", "12:00", "12:15", deals=[{**deal, "stock": 1}])
    with pytest.raises(WrongWords, match=said):
        world.moment(text)


@pytest.mark.django_db
def test_a_sale_that_the_shop_refuses_is_refused_in_its_words(world: World) -> None:
    deal = {"sku": "M", "name": "mug", "price": 0, "list_price": 4990, "currency": "EUR"}
    with pytest.raises(WrongWords, match=r"The sale is refused: .*price"):
        world.load_sale("Autumn", "Europe/Berlin", "12:00", "12:15", deals=[{**deal, "stock": 1}])
    with pytest.raises(WrongWords, match="There is no zone Europe/Bonn"):
        world.load_sale("Autumn", "Europe/Bonn", "12:00", "12:15", deals=[deal])


@pytest.mark.parametrize("entry", VOCABULARY, ids=lambda entry: entry.phrase.name)
def test_every_phrase_is_understood_by_its_example_and_by_no_other(entry: Entry) -> None:
    example = entry.phrase.example
    assert [each for each in VOCABULARY if each.phrase.is_matching(example)] == [entry]


@pytest.mark.parametrize("path", FEATURES, ids=lambda path: path.stem)
def test_every_step_of_our_scenarios_has_one_meaning(path: Path) -> None:
    for step in steps_of(path):
        meant = [each.phrase.name for each in VOCABULARY if each.phrase.is_matching(step)]
        assert len(meant) == 1, f"{step}: {meant}"


def test_every_phrase_is_said_in_a_scenario_of_ours() -> None:
    said = {step for path in FEATURES for step in steps_of(path)}
    unsaid = [
        each.phrase.name
        for each in VOCABULARY
        if not any(each.phrase.is_matching(step) for step in said)
    ]
    assert unsaid == []


@pytest.mark.parametrize(
    ("step", "meant"),
    [
        ("Ada visits the sale page at 12:01", "{who} opens the sale page[ of {sale}]"),
        ("the merchant rises the price to 14.90 EUR", "the merchant raises the price[ of {deal}]["),
        ("the offer is rejected: expired", "the offer is refused: {verdict}"),
        ("Bob pays using a card that is declined", "{who} pays[ with {card}]"),
    ],
)
def test_a_step_that_nobody_knows_is_answered_with_the_closest_ones(step: str, meant: str) -> None:
    assert any(each.startswith(meant) for each in closest(step))


def test_every_placeholder_is_explained() -> None:
    assert {name for each in VOCABULARY for name in each.phrase.placeholders} == set(PLACEHOLDERS)
    assert {entry.section for entry in VOCABULARY} == set(SECTIONS)
    assert all(entry.explanation for entry in VOCABULARY)


def test_the_page_for_testers_says_which_command_prints_the_vocabulary() -> None:
    page = (ROOT / "docs" / "scenarios.md").read_text()
    assert "`bin/scenarios --list`" in page
    assert all(f"### {title}" in vocabulary() for title in SECTIONS.values())
