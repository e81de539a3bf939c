"""The plugin as an installed product: the documentation's projects run as they stand there."""

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from shop.qa.pytest_plugin.factories import ROOT

PAGE = (ROOT / "docs" / "pytest-plugin.md").read_text()
FILES = dict(re.findall(r"```python\n# (\S+\.py)\n(.*?)```", PAGE, re.S))
SCENARIO = (ROOT / "docs" / "scenarios.md").read_text().split("```")[1].removeprefix("gherkin\n")
NEWSLETTER = """\
Feature: Newsletter

  Scenario: A link leads to the prices
    Given the sale "Autumn" from 12:00 to 12:15
    When Ada reads the newsletter about Autumn at 12:01
    Then Ada sees the mug at 9.90 EUR
"""


def run(folder: Path, *arguments: str) -> str:
    """What pytest says in a folder, in an environment that names no settings."""
    ours = ("DJANGO_SETTINGS_MODULE", "VAR", "ENV_FILE", "DATABASE_URL", "PYTHONPATH")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    # The installed shop may be another copy of the source than the one that is tested.
    environment["PYTHONPATH"] = str(ROOT)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:hypothesispytest", *arguments]
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return result.stdout + result.stderr


@pytest.fixture(autouse=True)
def _is_installed() -> None:
    found = entry_points(group="pytest11", name="flashfreeze")
    assert found, "The shop is not installed in this environment: run bin/bootstrap."


def test_the_documented_project_runs_in_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "test_our_sale.py").write_text(FILES["test_our_sale.py"])
    (tmp_path / "our-sale.feature").write_text(SCENARIO)
    (tmp_path / "newsletter.feature").write_text(NEWSLETTER)
    (tmp_path / "conftest.py").write_text(FILES["conftest.py"])
    said = run(tmp_path, "-p", "no:cacheprovider")
    assert "3 passed" in said, said
    assert "warning" not in said
    left = {path.name for path in tmp_path.iterdir()} - {"__pycache__"}
    assert left == {"test_our_sale.py", "our-sale.feature", "newsletter.feature", "conftest.py"}


@pytest.mark.verify
def test_a_project_with_settings_of_its_own_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "other_settings.py").write_text('SECRET_KEY = "x"\nINSTALLED_APPS = []\n')
    (tmp_path / "test_other.py").write_text(
        "def test_it(pytestconfig):\n"
        "    assert not pytestconfig.pluginmanager.has_plugin('shop.qa.pytest_plugin')\n"
    )
    said = run(tmp_path, "--ds=other_settings", "-o", "pythonpath=.")
    assert "1 passed" in said, said


def test_the_plugin_is_loaded_once_by_whichever_way(pytestconfig: pytest.Config) -> None:
    loaded = [name for name, _ in pytestconfig.pluginmanager.list_name_plugin()]
    assert loaded.count("shop.qa.pytest_plugin") == 1
    assert loaded.count("flashfreeze") == 1
