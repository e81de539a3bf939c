"""What stands in the way of serving: each probe asks one thing, and tells the way out."""

import filecmp
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, staticfiles_storage
from django.core.checks import ERROR, WARNING, Tags, run_checks
from django.core.files.storage import storages
from django.db import Error as DatabaseError
from django.db import connection

from shop.core.durations import several
from shop.operations.diagnoses import Diagnosis, in_the_way
from shop.operations.schema import unapplied_migrations
from shop.sales.snapshot_queries import read_snapshot

#: The checks that look at settings alone.
SETTINGS_TAGS = (Tags.compatibility, Tags.security)


def settings_that_are_wrong(now: datetime) -> Iterator[Diagnosis]:
    """What Django's and the shop's system checks find: keys, currency, charges, security."""
    is_deployed = not settings.DEBUG
    try:
        messages = run_checks(include_deployment_checks=is_deployed)
    except DatabaseError:
        # Checks of models ask a server for its version; another probe says that it is away.
        messages = run_checks(tags=SETTINGS_TAGS, include_deployment_checks=is_deployed)
    for message in messages:
        text, way_out = str(message.msg), str(message.hint or "")
        if message.level >= ERROR:
            yield in_the_way(text, way_out)
        elif message.level >= WARNING:
            yield Diagnosis(text, way_out)


def folders_that_cannot_be_written(now: datetime) -> Iterator[Diagnosis]:
    """``VAR``, and the folders in it where pictures are stored."""
    staged = storages["staged"]
    for folder in (settings.VAR, settings.MEDIA_ROOT, staged.path("")):
        if problem := _problem_of_writing(Path(folder)):
            text = f"{folder} cannot be written: {problem}."
            yield in_the_way(text, "Give it to the user that the shop runs as, or set VAR.")
            return


def static_files_that_are_missing(now: datetime) -> Iterator[Diagnosis]:
    """In production pages name static files by what is in them, as ``collectstatic`` found it."""
    if not isinstance(staticfiles_storage, ManifestStaticFilesStorage):
        return
    way_out = "Run: manage.py collectstatic --noinput"
    if not staticfiles_storage.hashed_files:
        yield in_the_way("The static files were not collected: every page would fail.", way_out)
        return
    missing, changed = [], []
    for name, source in _static_sources().items():
        collected = Path(staticfiles_storage.path(name))
        if staticfiles_storage.hash_key(name) not in staticfiles_storage.hashed_files:
            missing.append(name)
        elif not collected.exists() or not filecmp.cmp(source, collected, shallow=False):
            changed.append(name)
    if missing:
        text = f"{several(len(missing), 'static file')} were not collected, {missing[0]} for one:"
        yield in_the_way(f"{text} pages that name them would fail.", way_out)
    elif changed:
        yield Diagnosis(
            f"Static files are those of another release, {changed[0]} for one.", way_out
        )


def database_that_is_away(now: datetime) -> Iterator[Diagnosis]:
    """Whether it answers within the time-out of its connections."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        yield database_fault(error)


def migrations_that_are_missing(now: datetime) -> Iterator[Diagnosis]:
    """:raises django.db.Error: the database cannot be asked"""
    unapplied = unapplied_migrations()
    if unapplied:
        text = f"The database lacks {several(len(unapplied), 'migration')} of this release, "
        yield in_the_way(f"{text}{unapplied[0]} first.", "Run: manage.py migrate")


def showcase_that_cannot_be_read(now: datetime) -> Iterator[Diagnosis]:
    """:raises django.db.Error: the rows of sales and products cannot be read"""
    read_snapshot(now)
    yield from ()


def database_fault(error: DatabaseError) -> Diagnosis:
    """That the database cannot be asked, as its driver says it: never with a password."""
    text = f"The database cannot be asked: {first_line(error)}."
    return in_the_way(text, "Start it, or mend DATABASE_URL.")


def first_line(error: BaseException) -> str:
    """The first line of an error's message, without its last full stop."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def _static_sources() -> dict[str, Path]:
    """The files that ``collectstatic`` collects, by name: of two with one name, the first."""
    ignored = StaticFilesConfig.ignore_patterns
    sources: dict[str, Path] = {}
    for finder in get_finders():
        for name, storage in finder.list(ignored):
            sources.setdefault(name, Path(storage.path(name)))
    return sources


def _problem_of_writing(folder: Path) -> str:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""
