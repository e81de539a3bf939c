"""The manifest of a backup: when it was taken, of which shop, and what it consists of."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import file_digest
from pathlib import Path
from typing import Any, Self

FILE_NAME = "manifest.json"

#: The only format so far; a reader refuses another.
_FORMAT = 1


class ManifestError(Exception):
    """A folder has no manifest, or one that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class BackedUpFile:
    """A file of the backup, by its path in the folder, as it was written."""

    path: str
    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path, folder: Path) -> Self:
        """The file as it is."""
        with path.open("rb") as opened:
            digest = file_digest(opened, "sha256").hexdigest()
        return cls(path.relative_to(folder).as_posix(), path.stat().st_size, digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself.

    ``taken_at``: the shop's time, and ``taken_at_unix`` the machine's in seconds since 1970, both
    from before the dump began: all that is newer may be missing in it. A shop with a travelling
    clock has two different ones, and Stripe knows the machine's.
    ``keys``: by setting, the file's name and the ids of its keys, never a key.
    """

    taken_at: datetime
    taken_at_unix: float
    shop: str
    issuer: str
    database: Mapping[str, str]
    versions: Mapping[str, str]
    keys: Mapping[str, Mapping[str, Any]]
    files: Sequence[BackedUpFile]

    def learned_since(self) -> datetime:
        """From when on Stripe's record may know more than the backup: an hour before it began."""
        return datetime.fromtimestamp(self.taken_at_unix, UTC) - timedelta(hours=1)

    def write(self, folder: Path) -> None:
        """Write it into a folder."""
        document = {"format": _FORMAT, **asdict(self), "taken_at": self.taken_at.isoformat()}
        (folder / FILE_NAME).write_text(json.dumps(document, indent=2) + "\n")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The manifest of a folder.

        :raises ManifestError: there is none, or it cannot be read
        """
        try:
            document = json.loads((folder / FILE_NAME).read_text())
        except FileNotFoundError:
            raise ManifestError(
                f"{folder} has no {FILE_NAME}: name the folder that `manage.py backup` wrote."
            ) from None
        except (OSError, ValueError) as error:
            raise ManifestError(f"{folder / FILE_NAME} cannot be read: {error}.") from None
        try:
            if document.pop("format") != _FORMAT:
                raise ManifestError(f"{folder / FILE_NAME} was written by another release.")
            taken_at = datetime.fromisoformat(document.pop("taken_at"))
            files = [BackedUpFile(**each) for each in document.pop("files")]
            manifest = cls(taken_at=taken_at, files=files, **document)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ManifestError(f"{folder / FILE_NAME} is no manifest: {error!r}.") from None
        if taken_at.tzinfo is None:
            raise ManifestError(f"{folder / FILE_NAME}: taken_at has no offset from UTC.")
        return manifest

    @classmethod
    def of_instant(cls, taken_at: datetime, issuer: str) -> Self:
        """What is known of a backup that another tool made: when it was taken, and no more."""
        return cls(
            taken_at=taken_at,
            taken_at_unix=taken_at.timestamp(),
            shop="",
            issuer=issuer,
            database={},
            versions={},
            keys={},
            files=(),
        )

    def damaged(self, folder: Path) -> list[str]:
        """The paths of files that are missing, or are not as they were written."""
        return [each.path for each in self.files if not _is_as_written(folder, each)]


def _is_as_written(folder: Path, file: BackedUpFile) -> bool:
    path = folder / file.path
    return path.is_file() and BackedUpFile.of(path, folder) == file
