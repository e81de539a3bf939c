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
        ("a quarter of an hour", 900),
        ("three quarters of an hour and thirty seconds", 2730),
        ("forty-five minutes", 2700),
        ("two weeks", 1_209_600),
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


def load_deals(world: World, *names: str) -> None:
    """A sale of things with these names."""
    money = {"price": 990, "list_price": 4990, "currency": "EUR", "stock": 9}
    deals = [{**money, "sku": f"S-{place}", "name": name} for place, name in enumerate(names)]
    world.load_sale("Autumn", "Europe/Berlin", "12:00", "12:15", deals=deals)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mug", "mugs"),
        ("glass", "glasses"),
        ("scarf", "scarves"),
        ("linen scarf", "linen scarfs"),
        ("bread knife", "bread knives"),
        ("puffy cuff", "puffy cuffs"),
        ("diary", "diaries"),
        ("tray", "trays"),
        ("potato", "potatoes"),
        ("photo", "photos"),
        ("pair of socks", "pairs of socks"),
        ("dress for a child", "dresses for a child"),
        ("wooden mouse", "wooden mice"),
        ("snowman", "snowmen"),
        ("cactus", "cacti"),
        ("sheep", "sheep"),
        ("scarves", "scarf"),
        ("Brass lamp", "brass lamps"),
        ("Chef's knife", '"Chef\'s knife"'),
        ("the last mug", '"the last mug"'),
    ],
)
@pytest.mark.django_db
def test_what_is_sold_is_counted_as_people_count_it(world: World, name: str, words: str) -> None:
    load_deals(world, "something else", name)
    assert world.deal(words).product.name == name


@pytest.mark.django_db
def test_where_a_thing_and_several_of_it_are_sold_each_is_meant_by_its_own_name(
    world: World,
) -> None:
    load_deals(world, "mug", "mugs", "tie", "ties")
    assert [world.deal(each).product.name for each in ("mugs", "the mug", "ties", "the tie")] == [
        *("mugs", "mug", "ties", "tie")
    ]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("Ada adds the chef's knife", {"who": "Ada", "deal": "the chef's knife"}),
        ("Ada adds the T-shirt in size small", {"deal": "the T-shirt", "size": "small"}),
        ('Ada adds 2 shirts in size "extra large"', {"deals": "shirts", "size": "extra large"}),
        ("Zoë adds twenty-four crèmes brûlées", {"who": "Zoë", "n": 24, "deals": "crèmes brûlées"}),
        ("Anne-Marie removes the mug", {"who": "Anne-Marie", "deal": "the mug"}),
    ],
)
def test_names_numbers_and_sizes_are_read_as_people_write_them(
    step: str, words: dict[str, object]
) -> None:
    (meant,) = (each for each in VOCABULARY if each.phrase.is_matching(step))
    read = meant.phrase.parse_arguments(step)
    assert read is not None
    assert words.items() <= read["words"].items()


@pytest.mark.parametrize(
    "moment",
    ["5 minutes later", "an hour later", "when Autumn opens", "one second before Autumn closes"],
)
def test_the_moment_of_a_step_is_no_part_of_what_is_sold(moment: str) -> None:
    step = f"Ada adds the brass lamp {moment}"
    (meant,) = (each for each in VOCABULARY if each.phrase.is_matching(step))
    read = meant.phrase.parse_arguments(step)
    assert read == {"words": {"who": "Ada", "deal": "the brass lamp"}, "at": moment}


@pytest.mark.parametrize(
    ("opens", "closes", "utc"),
    [
        ("12:00", "12:15", "2026-11-27 11:15"),
        ("23:50", "00:10", "2026-11-27 23:10"),
        ("23:00 the next day", "01:00", "2026-11-29 00:00"),
        ("12:00 on 2026-12-24", "12:15", "2026-12-24 11:15"),
        ("12:00", "12:00 three days later", "2026-11-30 11:00"),
    ],
)
@pytest.mark.django_db
def test_a_sale_closes_the_first_time_after_it_opens_that_its_clock_shows_the_time(
    world: World, opens: str, closes: str, utc: str
) -> None:
    deal = {"sku": "M", "name": "mug", "price": 990, "list_price": 4990, "currency": "EUR"}
    world.load_sale("Mother's day!", "Europe/Berlin", opens, closes, deals=[{**deal, "stock": 1}])
    assert f"{world.sale().ends_at:%F %R}" == utc


@pytest.mark.django_db
def test_a_close_before_the_opening_is_refused_in_words(world: World) -> None:
    with pytest.raises(WrongWords, match="The sale is refused"):
        world.load_sale("Autumn", "Europe/Berlin", "12:00", "12:00 on 2026-11-26", deals=[])


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
