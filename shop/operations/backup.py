"""A backup: the database, the uploaded pictures, and a manifest with the instant of both.

Keys are not in it. Whoever has both can sign offers, so the two are kept apart; the manifest
names the files and the ids of the keys that a restored shop needs.
"""

import json
import platform
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from offers import conf
from shop.core.machine_clock import unix_seconds
from shop.operations.database_dump import DatabaseServer, Dump, DumpFailed, dump_database
from shop.operations.manifest import BackedUpFile, Manifest

#: The settings that hold keys, or name the file that does.
_KEY_SETTINGS = ("OFFER_KEYS", "SITE_KEYS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A finished backup, and the commands that bring it back."""

    folder: Path
    manifest: Manifest
    restore: tuple[str, ...]


def back_up(folder: Path, *, server: DatabaseServer, now: datetime) -> Backup:
    """Write a backup into a folder that is empty, or does not exist yet; all of it or nothing.

    :param server: where a database server behind a pooler is reached
    :raises DumpFailed: the folder is not empty or cannot be written, or the database not dumped
    """
    folder = folder.absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DumpFailed(f"{folder} is not empty: name a folder that does not exist yet.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Beside its place, so that moving it there is one step on one file system.
        written = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise DumpFailed(f"{folder} cannot be written: {error.strerror}.") from None
    try:
        dump, manifest = _write(written, server, now)
        if folder.exists():
            folder.rmdir()
        written.rename(folder)
    except OSError as error:
        raise DumpFailed(f"{folder} cannot be written: {error.strerror}.") from None
    finally:
        shutil.rmtree(written, ignore_errors=True)
    commands = [each.format(folder=folder) for each in dump.restore]
    if any(each.path.startswith("media/") for each in manifest.files):
        commands.append(f"cp -Rp {folder}/media/. {settings.MEDIA_ROOT}/")
    return Backup(folder=folder, manifest=manifest, restore=tuple(commands))


def _write(folder: Path, server: DatabaseServer, now: datetime) -> tuple[Dump, Manifest]:
    taken_at_unix = unix_seconds()
    dump = dump_database(folder, server)
    _copy_pictures(folder / "media")
    files = sorted(each for each in folder.rglob("*") if each.is_file())
    manifest = Manifest(
        taken_at=now,
        taken_at_unix=taken_at_unix,
        shop=settings.SHOP_NAME,
        issuer=conf.ring().active.issuer,
        database={"kind": connection.vendor, "file": dump.file.name, "tool": dump.tool},
        versions=_versions(),
        keys={name: _key_names(name) for name in _KEY_SETTINGS if getattr(settings, name, "")},
        files=[BackedUpFile.of(each, folder) for each in files],
    )
    manifest.write(folder)
    return dump, manifest


def _copy_pictures(folder: Path) -> None:
    """Copy what was uploaded; after the dump, so that no row of it lacks its picture."""
    if not isinstance(default_storage, FileSystemStorage):
        return
    uploaded = Path(default_storage.location)
    if uploaded.is_dir() and any(uploaded.iterdir()):
        shutil.copytree(uploaded, folder)


def _versions() -> Mapping[str, str]:
    """Python's and Django's, and the newest migration of each app of the shop."""
    applied = sorted(MigrationRecorder(connection).applied_migrations())
    return {
        "python": platform.python_version(),
        "django": django.get_version(),
        **{f"migration {app}": name for app, name in applied},
    }


def _key_names(setting: str) -> Mapping[str, Any]:
    """Where keys are configured and what they are called; nothing of what they are."""
    configured: str = getattr(settings, setting)
    if configured.lstrip().startswith("{"):
        return {"file": None, "kids": _kids(configured)}
    try:
        return {"file": configured, "kids": _kids(Path(configured).read_text())}
    except OSError:
        return {"file": configured, "kids": None}


def _kids(document: str) -> list[str]:
    try:
        return [str(each["kid"]) for each in json.loads(document)["keys"]]
    except (ValueError, KeyError, TypeError):
        return []
