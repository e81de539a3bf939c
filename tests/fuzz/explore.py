"""Explores targets, guided by which lines of the shop an input reaches.

    python -m tests.fuzz.explore                             all of them, a few seconds each
    python -m tests.fuzz.explore money --seconds 600

It begins with the kept corpus, mutates it, and ends a target at its first finding: that input lies
in the folder that ``--findings`` names (``var/fuzz`` otherwise). Mend the shop, and keep the input
in ``tests/fuzz/corpus/<target>/`` under the name of its trait. Exit status 1 if anything was found.

This process imports the shop itself: only what is imported under atheris' eyes can be explored.
Each target is explored by a process of its own, a copy of this one.
"""

import argparse
import logging
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Sequence
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
#: A separator and what follows it, in whatever is read; libFuzzer takes no longer words.
_WORD = re.compile(rb"[\s,;{}\[\]]?[^\s,;{}\[\]]{1,60}")
#: What is watched: the shop, and the libraries that read for it.
_WATCHED = ["offers", "shop", "gherkin", "pytest_bdd", "tablib"]

with atheris.instrument_imports(include=_WATCHED, enable_loader_override=False):
    import django

    django.setup()
    from tests.fuzz.corpus import entries, folders
    from tests.fuzz.target import Target
    from tests.fuzz.targets import TARGETS


def main() -> int:
    """Explore the targets that are named, or all, as many at a time as there are processors."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=2, help="for each target (default: 2)")
    parser.add_argument("--findings", type=Path, default=Path("var/fuzz"))
    options = parser.parse_args()
    if unknown := sorted(set(options.targets) - TARGETS.keys()):
        parser.error(f"there is no target {', '.join(unknown)}")
    options.findings.mkdir(parents=True, exist_ok=True)
    # What a reader logs of each input would be all that this prints.
    logging.disable(logging.CRITICAL)
    waiting = [TARGETS[name] for name in options.targets or TARGETS]
    with tempfile.TemporaryDirectory() as folder:
        return _explore_all(waiting, options.seconds, options.findings, Path(folder))


def _explore_all(targets: Sequence[Target], seconds: int, findings: Path, folder: Path) -> int:
    """1 if anything was found, otherwise 0."""
    running: dict[int, Target] = {}
    waiting, found = list(targets), 0
    while waiting or running:
        while waiting and len(running) < (os.process_cpu_count() or 1):
            target = waiting.pop(0)
            process = os.fork()
            if process == 0:
                _explore(target, seconds, findings, folder)
            running[process] = target
        ended, status = os.wait()
        target = running.pop(ended)
        found |= int(status != 0)
        _tell(target, status, (folder / f"{target.name}.log").read_text(errors="replace"))
    return found


def _tell(target: Target, status: int, log: str) -> None:
    tried = re.findall(r"stat::number_of_executed_units: (\d+)", log)
    if status == 0 and tried:
        print(f"{target.name}: {int(tried[0]):,} inputs", flush=True)
    else:
        print(f"{target.name}: FOUND\n{log[-4000:]}", flush=True)


def _explore(target: Target, seconds: int, findings: Path, folder: Path) -> None:
    """Explore one target until the time is over, or something is found; the process ends then."""
    log = os.open(folder / f"{target.name}.log", os.O_WRONLY | os.O_CREAT)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    # The first folder is written to: what has reached something new.
    reached = folder / target.name
    reached.mkdir()
    around = ExitStack()
    try:
        around.enter_context(_database(target))
        around.enter_context(target.around())
        arguments = [
            *[sys.argv[0], str(reached), *map(str, folders(target.name))],
            *[f"-max_total_time={seconds}", f"-max_len={target.most_bytes}"],
            *[f"-timeout={_LONGEST_SECONDS}", f"-artifact_prefix={findings}/{target.name}-"],
            f"-dict={_dictionary(target, folder)}",
            "-print_final_stats=1",
        ]
        atheris.Setup(arguments, partial(_try, target, findings))
        atheris.Fuzz()
    except BaseException:
        traceback.print_exc()
    os._exit(1)


def _dictionary(target: Target, folder: Path) -> Path:
    """The words of the kept corpus, which are put together anew, as libFuzzer reads them."""
    words = {word for each in entries(target.name) for word in _WORD.findall(each.data)}
    lines = ("".join(f"\\x{octet:02x}" for octet in word) for word in sorted(words))
    path = folder / f"{target.name}.words"
    path.write_text("".join(f'"{line}"\n' for line in lines))
    return path


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
    sys.exit(main())
