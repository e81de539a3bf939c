"""A copy of the source in which bugs are planted, one at a time; ours is never touched."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from tests.planted_bugs.bug import ROOT, PlantedBug

#: What the tests, the scenarios and a rehearsal run.
_NEEDED = (
    *("offers", "shop", "static", "templates", "tests", "docs", "bin"),
    *("manage.py", "pyproject.toml", "README.md", "Makefile"),
)
#: Settings of this machine's shop, which no child may see.
_OURS = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "PYTHONPATH", "STRIPE_API_BASE", "QA_CLOCK")


class SourceCopy:
    """The source in a folder, with a folder for what its processes write."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "source"
        self.var = folder / "var"

    @classmethod
    def make(cls, folder: Path) -> Self:
        """Copy the source, times included, so that its compiled modules stay good."""
        copy = cls(folder)
        copy.root.mkdir(parents=True)
        copy.var.mkdir()
        for name in _NEEDED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, copy.root / name)
            else:
                shutil.copy2(ROOT / name, copy.root / name)
        return copy

    @property
    def environment(self) -> dict[str, str]:
        """The environment of processes that run this copy."""
        kept = {name: value for name, value in os.environ.items() if name not in _OURS}
        return {**kept, "VAR": str(self.var), "ENV_FILE": os.devnull}

    @contextmanager
    def planted(self, bug: PlantedBug | None) -> Iterator[None]:
        """Meanwhile the bug is in the copy; without one it is as it was."""
        if bug is None:
            yield
            return
        path = self.root / bug.file
        original, times = path.read_text(), path.stat()
        path.write_text(bug.planted_in(original))
        _forget_compiled(path)
        try:
            yield
        finally:
            path.write_text(original)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
            _forget_compiled(path)


def _forget_compiled(path: Path) -> None:
    """Python takes a compiled module for good that has the source's size and second."""
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()
