"""Which release ran before: the last tag, else what was there before the newest migration."""

import subprocess
from pathlib import Path

import pytest

from tests.support.previous_release import NoPreviousRelease, previous_release


def git(folder: Path, *command: str) -> str:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    done = subprocess.run(
        ["git", *identity, *command], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(folder: Path, path: str) -> str:
    """Commit one more file; the commit."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).touch()
    git(folder, "add", ".")
    git(folder, "commit", "-m", path)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A migration, and another commit on top of it."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet")
    commit(folder, "shop/sales/migrations/0001_initial.py")
    commit(folder, "before.py")
    commit(folder, "shop/sales/migrations/0002_more.py")
    commit(folder, "after.py")
    return folder


def test_without_a_tag_it_is_what_was_there_before_the_newest_migration(
    repository: Path, tmp_path: Path
) -> None:
    release = previous_release(repository)
    assert release.commit == git(repository, "rev-parse", "HEAD~2")
    assert release.migrations() == {"shop/sales/migrations/0001_initial.py"}
    files = release.check_out(tmp_path / "files")
    assert sorted(each.name for each in files.iterdir()) == ["before.py", "shop"]


def test_the_last_tag_is_the_previous_release_and_one_of_this_commit_is_not(
    repository: Path,
) -> None:
    git(repository, "tag", "v0.1.0", "HEAD~3")
    git(repository, "tag", "v0.2.0", "HEAD~1")
    git(repository, "tag", "nightly")
    assert previous_release(repository).name == "v0.2.0"
    git(repository, "tag", "v0.3.0")
    assert previous_release(repository).name == "v0.2.0"


def test_a_clone_without_history_says_so_and_does_not_pass(
    repository: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", repository.as_uri(), "shallow")
    with pytest.raises(NoPreviousRelease, match="git fetch --unshallow --tags"):
        previous_release(tmp_path / "shallow")
