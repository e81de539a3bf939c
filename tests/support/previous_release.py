"""The release before this one: what still runs while this one takes over."""

import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


class NoPreviousRelease(Exception):
    """The repository cannot say what ran before; the message says what to do."""


@dataclass(frozen=True)
class Release:
    """A commit of this repository, and what it is called."""

    commit: str
    name: str
    repository: Path = ROOT

    def check_out(self, folder: Path) -> Path:
        """Write its files into a folder, which git then knows nothing of."""
        folder.mkdir(parents=True)
        with (
            subprocess.Popen(
                ["git", "archive", "--format=tar", self.commit],
                cwd=self.repository,
                stdout=subprocess.PIPE,
            ) as archive,
            tarfile.open(fileobj=archive.stdout, mode="r|") as files,
        ):
            files.extractall(folder, filter="data")
        assert archive.returncode == 0
        return folder

    def migrations(self) -> set[str]:
        """The paths of its migrations."""
        listed = _git(self.repository, "ls-tree", "-r", "--name-only", self.commit).splitlines()
        return {path for path in listed if "/migrations/0" in path}


def last_tagged(repository: Path = ROOT) -> Release | None:
    """The newest ``v*`` tag below the commit that is checked out; None: there is none."""
    try:
        tag = _git(repository, "describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^")
    except NoPreviousRelease:
        return None
    return Release(_git(repository, "rev-parse", f"{tag}^{{commit}}"), tag, repository)


def previous_release(repository: Path = ROOT) -> Release:
    """The last release; before the first one, the commit before the newest migration.

    :raises NoPreviousRelease: the history is not here
    """
    if tagged := last_tagged(repository):
        return tagged
    if _git(repository, "rev-parse", "--is-shallow-repository") == "true":
        raise NoPreviousRelease(
            "This clone has no history, so what ran before cannot be run on the new schema. "
            "Get it: git fetch --unshallow --tags"
        )
    newest = _git(
        repository,
        "log",
        "-1",
        "--diff-filter=A",
        "--format=%H",
        "--",
        ":(glob)**/migrations/[0-9]*.py",
    )
    commit = _git(repository, "rev-parse", f"{newest}^")
    return Release(commit, f"{commit[:7]}, before the newest migration", repository)


def _git(repository: Path, *command: str) -> str:
    try:
        done = subprocess.run(
            ["git", *command], cwd=repository, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise NoPreviousRelease("git is not installed: install the package git.") from None
    if done.returncode:
        raise NoPreviousRelease(done.stderr.strip())
    return done.stdout.strip()
