"""The files of docs/operating/ say what is so; `make verify` runs a shop by them."""

import re
from fnmatch import fnmatch
from pathlib import Path

from django.core.management import get_commands

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "docs" / "operating").iterdir())
PAGE = (ROOT / "docs" / "operating.md").read_text()


def test_the_operators_page_names_every_file() -> None:
    # Or a pattern of the shell's that fits it.
    named = re.findall(r"[a-z][\w@.*-]+", PAGE)
    assert [file.name for file in FILES if not any(fnmatch(file.name, n) for n in named)] == []


def test_every_setting_in_a_file_of_settings_is_read() -> None:
    read = set(re.findall(r'"([A-Z_]+)"', (ROOT / "shop" / "settings.py").read_text()))
    files = [file for file in FILES if file.suffix == ".env"]
    given = {name for file in files for name in re.findall(r"^([A-Z_]+)=", file.read_text(), re.M)}
    assert files and given - read == set()


def test_every_command_of_a_unit_exists() -> None:
    units = "".join(file.read_text() for file in FILES if file.suffix == ".service")
    commands = set(re.findall(r"manage\.py (\w+)", units))
    assert "reconcile" in commands
    assert commands <= set(get_commands())
