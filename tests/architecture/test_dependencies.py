"""What the shop is built from is held by hash, and its licences are known."""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.architecture import dependencies
from tests.architecture.dependencies import (
    REGISTRY,
    PackageLicence,
    installed,
    known_licences,
    licences,
    locked,
    said_by,
    with_licences,
)

ROOT = Path(__file__).parents[2]
UV = (ROOT / "bin" / "uv.txt").read_text()


# --- Held by hash -------------------------------------------------------------


def test_every_package_comes_from_one_index_and_each_of_its_files_has_a_hash() -> None:
    packages = list(locked())
    assert len(packages) > 50
    assert {package.registry for package in packages} == {REGISTRY}
    loose = [
        package.name
        for package in packages
        if not package.hashes
        or not all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in package.hashes)
    ]
    assert loose == []


def test_uv_itself_is_held_to_a_version_and_to_hashes() -> None:
    assert re.findall(r"^uv==\d+\.\d+\.\d+ \\$", UV, re.M)
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", UV)) > 5
    allowed = re.findall(r'requires = \["uv_build>=([\d.]+),<(\d+)"\]', _text("pyproject.toml"))
    [(least, below)] = allowed
    version = _version(re.findall(r"^uv==([\d.]+)", UV, re.M)[0])
    # Else it would ask the index for a build backend, without a hash.
    assert _version(least) <= version < _version(below)


def test_nothing_is_installed_without_a_hash() -> None:
    """Of what runs by itself: whoever types a command knows what he asks for."""
    files = [ROOT / "Makefile", *(path for path in (ROOT / "bin").iterdir() if path.is_file())]
    text = "\n".join(path.read_text() for path in files).replace("\\\n", " ")
    commands = re.findall(r"^.*\b(?:pip install|uv add|uv tool|npm|npx|curl|wget)\b.*$", text, re.M)
    assert commands
    assert [each for each in commands if "--require-hashes" not in each] == []


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def _text(name: str) -> str:
    return (ROOT / name).read_text()


# --- Licences -----------------------------------------------------------------


def test_every_package_of_the_lock_has_its_licence_on_the_page() -> None:
    assert sorted(package.name for package in locked()) == list(licences())


def test_no_package_has_a_licence_that_we_do_not_know() -> None:
    unknown = {row.package: row.expression for row in licences().values() if not _is_known(row)}
    assert unknown == {}
    assert not _is_known(PackageLicence("a", "MIT AND AGPL-3.0-only", "the shop"))


def _is_known(row: PackageLicence) -> bool:
    return row.identifiers <= known_licences()


def test_the_page_says_what_each_installed_package_says_of_itself() -> None:
    rows = licences()
    said = {name: said_by(each) for name, each in installed().items() if name in rows}
    assert sum(map(bool, said.values())) > 50
    assert {
        name: (rows[name].expression, words)
        for name, words in said.items()
        if words and rows[name].expression not in words
    } == {}


# --- The bill of materials ----------------------------------------------------


def test_each_component_of_the_bill_has_its_licence_and_a_hash() -> None:
    bill = _bill()
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    assert bill["metadata"]["component"]["name"] == "flashfreeze"
    by_name: dict[str, Any] = {each["name"]: each for each in bill["components"]}
    assert {"django", "stripe", "granian", "psycopg"} <= by_name.keys()
    assert not {"pytest", "mypy", "hypothesis"} & by_name.keys()
    assert by_name["django"]["licenses"] == [{"license": {"id": "BSD-3-Clause"}}]
    assert by_name["cryptography"]["licenses"] == [{"expression": "Apache-2.0 OR BSD-3-Clause"}]
    for component in bill["components"]:
        assert component["purl"].startswith("pkg:pypi/")
        files = component["externalReferences"]
        assert {hash_["alg"] for file in files for hash_ in file["hashes"]} == {"SHA-256"}


def test_of_what_the_shop_runs_on_the_page_says_so() -> None:
    components = {each["name"] for each in _bill()["components"]}
    assert components == {row.package for row in licences().values() if row.used == "the shop"}


def test_a_package_that_the_page_lacks_is_not_left_out_in_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dependencies, "licences", dict)
    bill = {"metadata": {"component": {}}, "components": [{"name": "django"}]}
    with pytest.raises(KeyError, match="django"):
        with_licences(bill)


@cache
def _bill() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "bin/sbom", "--file", "-"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    bill: dict[str, Any] = json.loads(done.stdout)
    return bill
