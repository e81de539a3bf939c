"""The packages that the shop is built from: those of uv.lock, and the licence of each.

``docs/licences.md`` has the licences, in two tables: those that we know, and every package's own.
What an installed package says of itself is held against it. ``bin/sbom`` lists both for machines.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LOCK, PAGE = ROOT / "uv.lock", ROOT / "docs" / "licences.md"
#: The package index that all of them come from.
REGISTRY = "https://pypi.org/simple"

#: What packages write in the place of an SPDX expression, and which ones it may mean.
_WORDS: Mapping[str, set[str]] = {
    "MIT": {"MIT"},
    "MIT License": {"MIT"},
    "BSD License": {"BSD-2-Clause", "BSD-3-Clause"},
    "BSD 2-Clause License": {"BSD-2-Clause"},
    "BSD-3-Clause": {"BSD-3-Clause"},
    "Apache-2.0": {"Apache-2.0"},
    "Apache-2.0 license": {"Apache-2.0"},
    "Apache Software License": {"Apache-2.0"},
    "MPL-2.0": {"MPL-2.0"},
    "Mozilla Public License 2.0 (MPL 2.0)": {"MPL-2.0"},
}


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """One package of the lock, with the files that an installation may take."""

    name: str
    version: str
    registry: str
    #: The hash of each file; empty where the lock has none.
    hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PackageLicence:
    """A row of the page: a package, its licence as an SPDX expression, and where it is used."""

    package: str
    expression: str
    used: str

    @property
    def identifiers(self) -> set[str]:
        """The licences that the expression names."""
        return set(re.split(r" (?:OR|AND) ", self.expression))


def normalized(name: str) -> str:
    """A package's name as the index spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> Iterator[LockedPackage]:
    """All packages of the lock but the shop itself."""
    for package in tomllib.loads(LOCK.read_text())["package"]:
        source = package["source"]
        if "editable" in source:
            continue
        files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        yield LockedPackage(
            package["name"],
            package["version"],
            source.get("registry", ""),
            tuple(file.get("hash", "") for file in files),
        )


@cache
def installed() -> dict[str, Distribution]:
    """The packages of this environment, by their normalized names."""
    return {normalized(each.name): each for each in distributions()}


def known_licences() -> set[str]:
    """The SPDX identifiers of licences that we have read, and use packages under."""
    rows = _rows("## Licences that we know")
    return {row[0] for row in rows}


def licences() -> dict[str, PackageLicence]:
    """Each package's licence, by its normalized name."""
    rows = (PackageLicence(*row) for row in _rows("## Packages"))
    return {row.package: row for row in rows}


def said_by(distribution: Distribution) -> set[str]:
    """The SPDX expressions that a package's own words may mean; none if it says nothing."""
    metadata: Any = distribution.metadata
    if expression := metadata.get("License-Expression"):
        return {str(expression)}
    words = [str(metadata.get("License") or "").strip()]
    classifiers = metadata.get_all("Classifier") or []
    words += [str(each).rpartition(" :: ")[2] for each in classifiers if "License ::" in str(each)]
    meanings = [_WORDS[word] for word in words if word in _WORDS]
    return set.intersection(*meanings) if meanings else set()


def with_licences(bill: dict[str, Any]) -> dict[str, Any]:
    """A bill of materials (CycloneDX) in which each component has its licence.

    :param bill: as ``uv export --format cyclonedx1.5`` makes it
    :raises KeyError: the page lacks a package
    """
    by_name = licences()
    components = [
        {**each, "licenses": _licence_choice(by_name[normalized(each["name"])].expression)}
        for each in bill["components"]
    ]
    metadata = bill["metadata"]
    shop = {**metadata["component"], "type": "application", "licenses": _licence_choice("MIT")}
    return {**bill, "metadata": {**metadata, "component": shop}, "components": components}


def _licence_choice(expression: str) -> list[dict[str, Any]]:
    if " " in expression:
        return [{"expression": expression}]
    return [{"license": {"id": expression}}]


def _rows(heading: str) -> Iterator[tuple[str, ...]]:
    """The cells of the table below a heading of the page, without their quotes."""
    table = PAGE.read_text().partition(f"{heading}\n")[2].partition("\n## ")[0]
    for line in table.splitlines():
        if line.startswith("| `"):
            yield tuple(cell.strip().strip("`") for cell in line.strip("|").split("|"))
