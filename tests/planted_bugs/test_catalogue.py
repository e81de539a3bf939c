"""The catalogue of planted bugs fits the source, and the documentation lists just these."""

from dataclasses import replace

import pytest

from tests.planted_bugs import table
from tests.planted_bugs.bug import ROOT, PlantedBug, Unreached
from tests.planted_bugs.catalogue import BUGS
from tests.planted_bugs.finders import Finding
from tests.planted_bugs.small_sales import SETTINGS, SMALL_SALES

BUG = PlantedBug(
    name="One is two",
    file="a.py",
    right="1",
    wrong="2",
    tests=["a.py::test_one"],
    unreached=Unreached.MAIL,
)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_is_planted_in_one_place_and_names_tests_that_exist(bug: PlantedBug) -> None:
    bug.check(ROOT)
    assert bug.right != bug.wrong
    assert bug.rehearsed is None or bug.rehearsed[0] in SMALL_SALES


def test_no_two_bugs_have_one_name_or_one_text() -> None:
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 40
    assert len({(bug.file, bug.right, bug.wrong) for bug in BUGS}) == len(BUGS)


def test_settings_are_those_of_small_sales() -> None:
    assert SETTINGS.keys() <= SMALL_SALES.keys()


def test_a_text_that_stands_twice_or_nowhere_is_no_place_for_a_bug() -> None:
    assert BUG.planted_in("x = 1") == "x = 2"
    for source in ("x = 3", "x = 1 + 1"):
        with pytest.raises(ValueError, match=r"“One is two” \d times, not once"):
            BUG.planted_in(source)


def test_the_documentation_has_each_bug_and_where_it_is_planted() -> None:
    places = {name: row.split("|")[2].strip() for name, row in table.rows_written().items()}
    assert places == {bug.name: f"`{bug.file}`" for bug in BUGS}


def test_the_documentation_is_as_the_suite_writes_it() -> None:
    assert table.written() == table.table_of(BUGS, table.rows_written())


def test_a_row_says_who_found_a_bug() -> None:
    found = Finding(tests=True, scenarios=None, rehearsal=False, seconds=1.0)
    rehearsed = replace(BUG, unreached=None, rehearsed=("mug", "recalled"))
    assert table.row_of(rehearsed, found) == "| One is two | `a.py` | ✓ |  | – |"
    assert table.row_of(BUG, found) == "| One is two | `a.py` | ✓ |  | d |"
    assert not found.is_survivor
    assert Finding(tests=False, scenarios=False, rehearsal=None, seconds=1.0).is_survivor
