"""Explores one target, guided by which lines of the shop an input reaches.

    python -m tests.fuzz.explore TARGET --seconds 600

It begins with the kept corpus, mutates it, and ends at the first finding: the input lies in the
folder that ``--findings`` names (``var/fuzz`` otherwise). Mend the shop, and keep the input in
``tests/fuzz/corpus/<target>/`` under the name of its trait.

This process imports the shop itself: only what is imported under atheris' eyes can be explored.
"""

import argparse
import logging
import os
import sys
import tempfile
import traceback
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from hashlib import sha256
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

try:
    import atheris
except ImportError:
    sys.exit("Nothing is explored: atheris has wheels for Linux on x86-64 alone.")

#: Seconds after which an input counts as one that never ends.
_LONGEST_SECONDS = 5

#: What is watched: the shop, and the libraries that read for it.
_WATCHED = ["offers", "shop", "gherkin", "pytest_bdd", "tablib"]

with atheris.instrument_imports(include=_WATCHED, enable_loader_override=False):
    import django

    django.setup()
    from tests.fuzz.corpus import folders
    from tests.fuzz.target import Target
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Explore until the time is over, or something is found; then the process ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--findings", type=Path, default=Path("var/fuzz"))
    options = parser.parse_args()
    options.findings.mkdir(parents=True, exist_ok=True)
    # What a reader logs of each input would be all that this prints.
    logging.disable(logging.CRITICAL)
    target = TARGETS[options.target]
    with ExitStack() as around:
        # The first folder is written to: what has reached something new, for as long as this runs.
        reached = around.enter_context(tempfile.TemporaryDirectory())
        around.enter_context(_database(target))
        around.enter_context(target.around())
        atheris.Setup(
            [
                sys.argv[0],
                reached,
                *map(str, folders(target.name)),
                f"-max_total_time={options.seconds}",
                f"-max_len={target.most_bytes}",
                f"-timeout={_LONGEST_SECONDS}",
                f"-artifact_prefix={options.findings}/{target.name}-",
                "-print_final_stats=1",
            ],
            partial(_try, target, options.findings),
        )
        atheris.Fuzz()


def _try(target: Target, findings: Path, data: bytes) -> None:
    """Run a target once; what it lets through ends the process, which has told of it."""
    try:
        target.run(data)
    except BaseException:
        # Before anything else: atheris would unwind this process first, database and all.
        path = findings / f"{target.name}-{sha256(data).hexdigest()[:8]}"
        path.write_bytes(data)
        print(f"{traceback.format_exc()}\n{path}: {data!r}", file=sys.stderr, flush=True)
        os._exit(1)


def _database(target: Target) -> AbstractContextManager[object]:
    """A database in memory, for targets that ask one."""
    if not target.asks_database:
        return nullcontext()
    from django.db import connection, transaction

    # None is in memory.
    connection.settings_dict["TEST"]["NAME"] = None
    connection.creation.create_test_db(verbosity=0, serialize=False)
    return transaction.atomic()


if __name__ == "__main__":
    main()
