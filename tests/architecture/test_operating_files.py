"""The files of docs/operating/ say what is so; `make verify` runs a shop by them."""

import re
from fnmatch import fnmatch
from pathlib import Path

from django.core.management import get_commands

from shop.operations.serving.addresses import KB, MB, kind_of

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


def test_nginx_takes_bodies_of_the_sizes_that_the_shop_takes() -> None:
    text = next(file for file in FILES if file.name == "nginx.conf").read_text()
    found = re.findall(
        r"location (/\w+/) \{\s*client_max_body_size (\d+[km]);|client_max_body_size (\d+[km]);",
        text,
    )
    sizes = {path or "/": nested or general for path, nested, general in found}
    units = {"k": KB, "m": MB}
    taken = {path: int(size[:-1]) * units[size[-1]] for path, size in sizes.items()}
    assert taken.keys() == {"/", "/stripe/", "/merchant/"}
    assert taken == {path: kind_of(path).most_bytes for path in taken}
