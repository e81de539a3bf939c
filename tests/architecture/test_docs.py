"""The documentation says what is so: its commands, settings, files and examples exist and work."""

import io
import os
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands

from shop.sales.models import Sale

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXT = {page.name: page.read_text() for page in PAGES}

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def targets() -> set[str]:
    """The targets of the Makefile."""
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))


@each_page
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    named = set(re.findall(r"\bmake ([a-z][a-z-]+)", TEXT[page.name]))
    assert named <= targets()


@each_page
def test_every_management_command_that_is_named_exists(page: Path) -> None:
    named = set(re.findall(r"manage\.py ([a-z_]+)", TEXT[page.name]))
    assert named <= set(get_commands())


@each_page
def test_every_file_that_is_linked_exists(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", TEXT[page.name])
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing


@each_page
def test_every_path_that_is_named_exists(page: Path) -> None:
    folders = "tests|docs|shop|offers|bin|benchmarks|templates|static"
    named = re.findall(rf"(?<![\w/.-])(?:{folders})/[\w./-]*[\w/]", TEXT[page.name])
    assert [name for name in named if not (ROOT / name).exists()] == []


@each_page
def test_every_dotted_name_exists(page: Path) -> None:
    named = re.findall(r"(?<![\w/.-])(?:shop|offers)(?:\.\w+)+\b", TEXT[page.name])
    files = (".md", ".json", ".env", ".example")
    assert [name for name in named if not name.endswith(files) and not is_importable(name)] == []


def is_importable(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def test_the_example_of_the_readme_runs_without_django() -> None:
    [example] = re.findall(r"```python\n(.+?)```", TEXT["README.md"], re.S)
    without_django = "import sys\nassert not any(name.startswith('django') for name in sys.modules)"
    subprocess.run(
        [sys.executable, "-c", f"{example}\n{without_django}"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        check=True,
    )


def layers() -> list[list[str]]:
    """The layers of import-linter, from top to bottom, each with its modules."""
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    [contract] = [each for each in linter["contracts"] if each.get("containers") == ["shop"]]
    return [re.findall(r"\w+", layer) for layer in contract["layers"]]


def test_contributors_read_the_layers_that_the_linter_holds() -> None:
    [block] = re.findall(r"^```\n(settings .+?)^```", TEXT["CONTRIBUTING.md"], re.S | re.M)
    names = [re.split(r"\s{2,}", line)[0] for line in block.splitlines()]
    assert [re.findall(r"\w+", each) for each in names] == [*layers(), ["offers"]]


def test_the_readme_lists_every_app_from_top_to_bottom() -> None:
    listed = re.findall(r"^\| \[`shop/(\w+)/`\]", TEXT["README.md"], re.M)
    apps = [name for layer in layers()[1:] for name in layer if name != "templatetags"]
    assert listed == [*apps, "sandbox"]


def test_every_setting_of_the_environment_is_documented() -> None:
    settings = (ROOT / "shop" / "settings.py").read_text()
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', settings))
    documented = set(re.findall(r"`([A-Z_]+)`", TEXT["operating.md"]))
    assert read - documented == set()


def test_every_documented_setting_is_read() -> None:
    settings = (ROOT / "shop" / "settings.py").read_text()
    table = TEXT["operating.md"].partition("## Settings")[2].partition("##")[0]
    names = {
        name
        for row in table.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`([A-Z_]+)`", row.split("|")[1])
    }
    assert {name for name in names if f'"{name}"' not in settings} == set()


@pytest.mark.django_db
def test_the_example_sale_loads() -> None:
    example = ROOT / "docs" / "examples" / "autumn.json"
    call_command("load_sale", str(example), stdout=io.StringIO())
    sale = Sale.objects.get(slug="autumn")
    assert sale.state == Sale.State.PUBLISHED
    assert sale.deals.count() == 2
