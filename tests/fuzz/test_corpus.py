"""Whatever anybody sends is read as it is meant, or refused: each kept input, and new ones."""

import re
import subprocess
import sys
from pathlib import Path
from time import process_time

import pytest

from tests.fuzz import genuine
from tests.fuzz.corpus import FOLDER, entries
from tests.fuzz.target import Outcome, Target
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
#: How long new inputs are tried, for each target, by ``make verify``.
SECONDS = 2
#: Of the processor: far more than any input takes.
LONGEST_SECONDS = 5.0

every_target = pytest.mark.parametrize(
    "target",
    [
        pytest.param(target, marks=[pytest.mark.django_db] if target.asks_database else [], id=name)
        for name, target in TARGETS.items()
    ],
)


@pytest.mark.filterwarnings("ignore:Key size")
@every_target
def test_every_kept_input_is_read_or_refused_as_its_folder_says(target: Target) -> None:
    wrong: list[str] = []
    kept = list(entries(target.name))
    with target.around():
        for entry in kept:
            began = process_time()
            outcome = target.run(entry.data)
            if outcome is not entry.outcome or process_time() - began > LONGEST_SECONDS:
                wrong.append(f"{entry.path.relative_to(FOLDER)}: {outcome}")
    assert wrong == []
    # Else a target that refuses everything would pass.
    assert {entry.outcome for entry in kept} == set(Outcome)


def test_the_corpus_has_no_file_that_no_target_reads() -> None:
    files = {path for path in FOLDER.rglob("*") if path.is_file()}
    assert files == {entry.path for name in TARGETS for entry in entries(name)}


def test_no_two_kept_inputs_of_a_target_are_the_same() -> None:
    for name in TARGETS:
        kept = [entry.data for entry in entries(name)]
        assert len(kept) == len(set(kept)), name


def test_what_the_shop_has_signed_lies_in_the_corpus() -> None:
    for target, messages in genuine.ALL.items():
        for trait, text in messages.items():
            assert (FOLDER / target / Outcome.READ / trait).read_text() == text


@pytest.mark.verify
def test_no_new_input_breaks_a_target(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fuzz.explore", "--seconds", str(SECONDS)]
    done = subprocess.run(
        [*command, "--findings", str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    tried = dict(re.findall(r"^([a-z-]+): ([0-9,]+) inputs$", done.stdout, re.M))
    assert tried.keys() == TARGETS.keys()
    # Each was given more than what is kept for it.
    kept = {name: len(list(entries(name))) for name in TARGETS}
    assert [name for name in TARGETS if int(tried[name].replace(",", "")) <= kept[name]] == []
