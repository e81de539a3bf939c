"""docs/operating/rows.md says of every table how long its rows are kept."""

import re

from django.apps import apps

from tests.architecture.named_tests import ROOT, missing_tests, named_tests

PAGE = (ROOT / "docs" / "operating" / "rows.md").read_text()
#: Model, what one row is, and when it goes.
ROWS = re.findall(r"^\| `(\w+\.\w+)` \| (.+?) \| (.+) \|$", PAGE, re.M)
STAY = ("for good", "never: ", "with its ")


def test_each_kind_of_row_is_told_of_once() -> None:
    named = [model for model, _, _ in ROWS]
    assert sorted(named) == sorted(model._meta.label for model in apps.get_models())


def test_what_goes_by_itself_names_the_test_that_sees_it_go() -> None:
    going = [(model, goes) for model, _, goes in ROWS if not goes.startswith(STAY)]
    assert len(going) > 5
    assert [model for model, goes in going if not named_tests(goes)] == []


def test_each_test_that_is_named_is_there() -> None:
    assert missing_tests(PAGE) == []


def test_there_is_no_table_of_what_browsers_carry() -> None:
    there = {model._meta.model_name for model in apps.get_models()}
    assert there.isdisjoint({"offer", "bag", "shopper", "session", "token"})
