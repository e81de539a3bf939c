"""The figures of a run, with the machine and the versions that they are of; as JSON and back."""

import json
import os
import platform
import sqlite3
import subprocess
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from django.utils import timezone

from benchmarks.measure import Row

ROOT = Path(__file__).parent.parent
LIBRARIES = ("django", "cryptography", "granian", "joserfc", "psycopg", "stripe")


class NotARun(Exception):
    """A file has no figures of a run in it."""


@dataclass(frozen=True, slots=True)
class RowRecord:
    """A row's figures: seconds a call, and the ratio with its spread over the rounds."""

    benchmark: str
    name: str
    ours: float
    baseline: float
    ratio: float
    spread: tuple[float, float]
    rounds: int
    goal: float
    notes: tuple[str, ...]

    @classmethod
    def of(cls, benchmark: str, row: Row) -> Self:
        """What a benchmark has measured."""
        times = row.times
        return cls(
            benchmark=benchmark,
            name=row.name,
            ours=times.ours,
            baseline=times.baseline,
            ratio=times.ratio,
            spread=times.spread,
            rounds=len(times.ratios),
            goal=row.goal,
            notes=row.notes,
        )

    @property
    def is_over(self) -> bool:
        """Whether the ratio is above its goal. Nothing follows from it."""
        return self.ratio > self.goal


@dataclass(frozen=True, slots=True)
class RunRecord:
    """All rows of a run, and what it was of."""

    of: dict[str, Any]
    rows: list[RowRecord]

    def to_json(self) -> str:
        """The text of a file that ``read`` reads."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, file: Path) -> Self:
        """The run that was written to a file.

        :raises OSError: there is no such file
        :raises NotARun: something else is in it
        """
        try:
            run = json.loads(file.read_text())
            rows = [
                RowRecord(**{**row, "spread": tuple(row["spread"]), "notes": tuple(row["notes"])})
                for row in run["rows"]
            ]
            return cls(dict(run["of"]), rows)
        except (ValueError, TypeError, KeyError) as error:
            raise NotARun(f"{file} has no figures of a run in it ({error}).") from error


def circumstances() -> dict[str, Any]:
    """When, where and of what this run is."""
    return {
        "at": timezone.now().isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": f"{os.cpu_count()} × {processor()}, {platform.system()} {platform.release()}",
        "load": os.getloadavg()[0],
        "versions": {
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            **{name: version(name) for name in LIBRARIES},
        },
    }


def commit() -> str | None:
    """The commit that is checked out, with a "+" where files differ; nothing without git."""
    try:
        named, changed = (
            subprocess.run(
                ["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
            ).stdout.strip()
            for arguments in (
                ("rev-parse", "--short", "HEAD"),
                ("status", "--porcelain", "--untracked-files=no"),
            )
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{named}+" if changed else named


def processor() -> str:
    """Its name as Linux knows it; elsewhere its architecture."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
