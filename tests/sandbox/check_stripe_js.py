"""Holds `stripe_js_names.txt` to the declarations that Stripe publishes on npm.

    python tests/sandbox/check_stripe_js.py

Needs npm and its registry, hence no part of `make test`: `make stripe-conformance` runs it. Within
`make test` the script is held to the list; the list is dated, and this is what renews it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

NAMES = Path(__file__).with_name("stripe_js_names.txt")
#: The major version whose release train is the API version's (README of the package: v10, endive).
PACKAGE = "@stripe/stripe-js@10"


class Declared(NamedTuple):
    exposed: str
    file: str
    declaration: str
    member: str


def names() -> list[Declared]:
    lines = NAMES.read_text(encoding="utf-8").splitlines()
    return [Declared(*line.split()) for line in lines if line and not line.startswith("#")]


def missing(declarations: Path) -> list[Declared]:
    """The names of our list that the package does not declare where we say."""
    return [entry for entry in names() if not _is_declared(entry, declarations)]


def _is_declared(entry: Declared, declarations: Path) -> bool:
    source = (declarations / entry.file).read_text(encoding="utf-8")
    # From a top-level declaration to the next one: these files are formatted by machine.
    start = re.search(rf"^(?:export )?(?:interface|type) {entry.declaration}\b", source, re.M)
    if start is None:
        return False
    rest = source[start.end() :]
    end = re.search(r"^(?:export |interface |type |namespace )", rest, re.M)
    body = rest[: end.start()] if end else rest
    body = re.sub(r"/\*.*?\*/|//[^\n]*", "", body, flags=re.S)
    if entry.member.startswith("'"):
        return re.search(rf"eventType: {re.escape(entry.member)}", body) is not None
    return re.search(rf"(?<![\w.]){re.escape(entry.member)}\??\s*[:(<]", body) is not None


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        try:
            subprocess.run(
                ["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, capture_output=True
            )
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"check_stripe_js: npm could not fetch {PACKAGE}: {error}", file=sys.stderr)
            return 2
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        lost = missing(Path(folder) / "package" / "dist")
    for entry in lost:
        print(f"{entry.exposed}: {archive.name} has no {entry.declaration}.{entry.member}")
    print(f"check_stripe_js: {len(names()) - len(lost)} of {len(names())} names in {archive.name}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
