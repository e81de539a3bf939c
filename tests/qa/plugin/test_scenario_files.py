"""Folders of ``.feature`` files: run by one command, told in words, and able to find a fault."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shop.qa.pytest_plugin.factories import ROOT

#: The example of the page for testers.
GOOD = (ROOT / "docs" / "scenarios.md").read_text().split("```")[1].removeprefix("gherkin\n")
WRONG = """\
Feature: What QA wrote wrongly

  Scenario: Words that nobody knows
    Given the sale "Autumn" from 12:00 to 12:15
    When Ada visits the sale page at 12:01

  Scenario: An expectation that is not met
    Given the sale "Autumn" from 12:00 to 12:15
    When Ada opens the sale page at 12:01
    Then Ada sees the mug at 9.80 EUR
    And Ada sees no price

  Scenario: Back in time
    Given the sale "Autumn" from 12:00 to 12:15
    When Ada opens the sale page at 12:10
    And Ada adds the mug at 12:05
"""
TWICE = """\
Feature: Copied

  Scenario: One title
    Given it is 12:00

  Scenario: One title
    Given it is 12:01
"""
BROKEN = """\
Feature: Broken

  Scenario: A table that is none
    Given it is 12:00
      | deal | price |
      | mug  |
"""
PLANNED = """\
Feature: Planned

  Scenario: Nobody has written it yet
"""
NO_EXAMPLES = """\
Feature: A table of variations

  Scenario Outline: A table without a row
    Given it is <time>

    Examples:
      | time |
"""
PROSE = """\
Feature: Prose

  Once upon a time there was a sale.
"""


def run(folder: Path, *arguments: str, tree: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """What QA types, in a process of its own with a database of its own."""
    command = [sys.executable, str(tree / "bin" / "scenarios"), str(folder), *arguments]
    environment = {**os.environ, "VAR": str(folder.parent / "var")}
    environment.pop("DATABASE_URL", None)
    return subprocess.run(
        command, cwd=folder.parent, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the command says to a folder of QA's, with a space in its name."""
    folder = tmp_path_factory.mktemp("qa") / "our scenarios"
    (folder / "deeper").mkdir(parents=True)
    files = {
        "deeper/good": GOOD,
        "wrong": WRONG,
        "twice": TWICE,
        "broken": BROKEN,
        "prose": PROSE,
        "empty": "",
        "planned": PLANNED,
        "table": NO_EXAMPLES,
    }
    for name, text in files.items():
        (folder / f"{name}.feature").write_text(text)
    (folder / "test_python.py").write_text("raise RuntimeError('nobody asked for this')")
    result = run(folder)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "3 failed, 1 passed, 6 errors" in result.stdout
    return result.stdout


def test_a_folder_anywhere_is_run_and_told_by_its_titles(told: str) -> None:
    assert (
        "A price is held as long as its page promised\n"
        "  ✓ A price shown in the last second of the sale is paid half an hour later\n"
    ) in told


def test_what_fails_is_told_by_its_steps_and_without_a_traceback(told: str) -> None:
    assert "✗ Then Ada sees the mug at 9.80 EUR   (line 10)\n        It is shown at €9.90." in told
    assert "· And Ada sees no price" in told
    assert "It is 12:10:00 already, and time only goes forward" in told
    assert "Traceback" not in told


def test_a_step_that_nobody_knows_is_answered_before_anything_is_done(told: str) -> None:
    _, _, answer = told.partition("Unknown step, line 5: When Ada visits the sale page at 12:01")
    assert answer.lstrip().startswith("Do you mean one of these?")
    assert "{who} opens the sale page[ of {sale}]" in answer.partition("bin/scenarios --list")[0]


def test_two_scenarios_of_one_title_are_refused_instead_of_one_being_lost(told: str) -> None:
    assert 'twice.feature: lines 3 and 6: both are called "One title".' in told


def test_a_file_that_is_broken_is_refused_with_its_line_and_keeps_no_other_from_being_run(
    told: str,
) -> None:
    assert "broken.feature" in told
    assert "(6:7)" in told


def test_a_file_without_a_scenario_is_not_taken_for_one_that_passed(told: str) -> None:
    assert "prose.feature: there is no scenario in it." in told
    assert "empty.feature: there is no feature in it." in told


def test_a_scenario_that_nothing_is_done_in_is_not_taken_for_one_that_passed(told: str) -> None:
    assert "planned.feature: line 3: this scenario has no steps." in told
    assert "table.feature: line 3: this outline has no examples." in told


def test_a_folder_without_files_is_said_to_be_empty(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert result.returncode == 2
    assert "no .feature file" in result.stderr


@pytest.mark.verify
def test_a_hold_that_ends_a_second_late_is_found_by_the_scenarios(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name in ("offers", "shop", "templates", "static", "tests", "bin"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tree / name, ignore=ignored)
    for name in ("manage.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tree / name)
    anchors = tree / "offers" / "anchors.py"
    right = anchors.read_text()
    wrong = right.replace("if now >= honored_until", "if now > honored_until")
    assert wrong != right
    anchors.write_text(wrong)
    holding = tree / "tests" / "scenarios" / "holding.feature"
    result = run(holding, "-k", "second and hold", tree=tree)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "✗ The second the hold ends the price is gone, and nothing is charged" in result.stdout
    assert "✓ The last second of the hold still buys" in result.stdout
