"""Writing a CSV file's rows: together in one short transaction, or portion by portion.

What a transaction writes, everybody else who writes to SQLite waits for. So a file of many rows is
written in the background, in portions that take well under 300 ms each, with a pause after each
that is longer than the wait between two tries of SQLite, so that checkout has its turn. How far it
is stands in a row, which is written with each portion: a process that is killed loses none of it.
"""

import logging
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from time import sleep
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db import Error as DatabaseError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.tasks import task
from django.utils import timezone
from import_export.results import Result
from tablib import Dataset

from shop.core.machine_clock import machine_time, monotonic_seconds
from shop.core.outages import is_outage, reason_of
from shop.merchant.forms.csv_files import read_rows
from shop.merchant.forms.csv_tables import SHOWN_ROWS, CsvTable, Overtaken, cell
from shop.merchant.forms.staged_pictures import KEPT
from shop.merchant.models import CsvImport
from shop.staff.models import Staff

logger = logging.getLogger(__name__)

#: Rows that the request itself writes, in one transaction; a file of more is written in portions.
ROWS_TOGETHER = 500
#: Rows of a portion: what reading, judging and writing them takes of a processor, checkout lacks.
PORTION = 100
#: The pause between two portions, in seconds: SQLite tries again every 100 ms; and in times of how
#: long the last one took.
_LEAST_PAUSE, _LONGEST_PAUSE, _TIMES_AS_LONG = 0.12, 2, 2
#: How often rows are read again that others change meanwhile, or that the database takes not now.
_TRIES = 5
#: Wrong rows that are named.
NAMED = SHOWN_ROWS

_OVERTAKEN = "Others changed the same rows at the same time. Bring the file in once more."


@dataclass(frozen=True, slots=True)
class OrderedRows:
    """The rows of a file in the order in which they are written, each with its number in it."""

    headers: list[str]
    rows: list[tuple[int, tuple[Any, ...]]]
    groups: list[str]

    def end_after(self, begin: int) -> int:
        """Where the portion ends that begins there: what belongs together is not divided.

        But for what is more than one portion.
        """
        end = min(begin + PORTION, len(self.rows))
        if end == len(self.rows):
            return end
        whole = end
        while whole > begin and self.groups[whole - 1] == self.groups[end]:
            whole -= 1
        return whole if whole > begin else end


def write_together(table: type[CsvTable], rows: Any, *, by: Staff, now: datetime) -> Result:
    """Write rows in one transaction, all or none; what came of it.

    :raises Overtaken: others change the same rows, again and again
    """
    for _ in range(_TRIES):
        plan = table()
        result = plan.plan(rows)
        if result.has_errors() or result.has_validation_errors():
            return result
        try:
            with transaction.atomic():
                plan.write(by=by, now=now)
        except (Overtaken, IntegrityError) as error:
            logger.info("rows changed while they were taken in: %s", reason_of(error))
            continue
        return result
    raise Overtaken(_OVERTAKEN)


def begin_writing(table: str, content: bytes, rows: int, by: Staff) -> CsvImport:
    """Begin to write a file in the background."""
    forget_earlier_ones(table)
    packed = zlib.compress(content)
    job = CsvImport.objects.create(table=table, content=packed, rows=rows, made_by=by)
    write_portions.enqueue(job.pk)
    return job


def forget_earlier_ones(table: str) -> None:
    """Drop files of yesterday, and those of a table that stopped: it is brought in once more."""
    is_old = Q(made_at__lt=machine_time() - KEPT)
    has_stopped = Q(table=table, status=CsvImport.Status.STOPPED)
    CsvImport.objects.filter(is_old | has_stopped).delete()


def go_on(job: CsvImport) -> None:
    """Go on with a file whose process is gone."""
    CsvImport.objects.filter(pk=job.pk, status=job.Status.WRITING).update(moved_at=machine_time())
    write_portions.enqueue(job.pk)


@task
def write_portions(key: int) -> None:
    """Write the next portion of a file, and the rest by a task of its own: others have a turn."""
    began = monotonic_seconds()
    while _write_portion(key):
        if settings.ASIDE_THREADS > 0:
            took = monotonic_seconds() - began
            sleep(min(_LONGEST_PAUSE, max(_LEAST_PAUSE, _TIMES_AS_LONG * took)))
            write_portions.enqueue(key)
            return


def _write_portion(key: int) -> bool:
    """Write the next portion of a file; whether there is more of it to write by this task."""
    job = CsvImport.objects.select_related("made_by").filter(pk=key, status="writing").first()
    if job is None:
        return False
    file = _ordered_rows(key, job.made_at)
    begin, end = job.written, file.end_after(job.written)
    portion = Dataset(*(row for _, row in file.rows[begin:end]), headers=file.headers)
    for _ in range(_TRIES):
        try:
            plan = table_of(job.table)()
            result = plan.plan(portion)
            if problems := list(
                problems_of(result, [number for number, _ in file.rows[begin:end]])
            ):
                _stop(job, problems)
                return False
            return _write(job, plan, end)
        except (Overtaken, DatabaseError) as error:
            if not isinstance(error, Overtaken | IntegrityError) and not is_outage(error):
                _stop(job, [f"It went wrong: {type(error).__name__}."])
                raise
            logger.info("a portion of %s is tried again: %s", job.table, reason_of(error))
            sleep(_LEAST_PAUSE)
    _stop(job, [_OVERTAKEN])
    return False


def _write(job: CsvImport, plan: CsvTable, end: int) -> bool:
    now, is_last = timezone.now(), end == job.rows  # noqa: TID251
    done = {"status": job.Status.DONE, "content": b""} if is_last else {}
    with transaction.atomic():
        # Two tasks may be at it: the second to come finds that it is not where it was.
        mine = CsvImport.objects.filter(pk=job.pk, status="writing", written=job.written)
        if not mine.update(written=end, moved_at=machine_time(), **done):
            return False
        plan.write(by=job.made_by, now=now)
    if is_last:
        _ordered_rows.cache_clear()
    return not is_last


def _stop(job: CsvImport, problems: list[str]) -> None:
    """Stop for good, and say why; nothing of the portion was written."""
    CsvImport.objects.filter(pk=job.pk).update(
        status=job.Status.STOPPED, problems=problems, content=b"", moved_at=machine_time()
    )
    _ordered_rows.cache_clear()


def table_of(label: str) -> type[CsvTable]:
    """The table of a model's label."""
    own: Any = admin.site.get_model_admin(apps.get_model(label))
    table: type[CsvTable] = own.resource_classes[0]
    return table


# One after the other is asked for again and again, and none for long.
@lru_cache(maxsize=2)
def _ordered_rows(key: int, made_at: datetime) -> OrderedRows:
    job = CsvImport.objects.get(pk=key, made_at=made_at)
    data = read_rows(zlib.decompress(job.content))
    together = table_of(job.table).together
    groups: dict[str, list[int]] = {}
    for index, row in enumerate(data.dict):
        groups.setdefault(cell(row, together), []).append(index)
    order = [(group, index) for group, members in groups.items() for index in members]
    return OrderedRows(
        list(data.headers),
        [(index + 1, data[index]) for _, index in order],
        [group for group, _ in order],
    )


def problems_of(result: Result, numbers: list[int]) -> Iterator[str]:
    """What is wrong with rows, a sentence each, by their numbers in the file."""
    for error in result.base_errors:
        yield from _sentences(error.error)
    for at, errors in result.row_errors():
        for error in errors:
            yield from (f"Row {numbers[at - 1]}: {each}" for each in _sentences(error.error))
    for row in result.invalid_rows[:NAMED]:
        said: Iterable[tuple[str, list[str]]] = row.field_specific_errors.items()
        for name, messages in said:
            yield from (f"Row {numbers[row.number - 1]}, {name}: {each}" for each in messages)
        yield from (
            f"Row {numbers[row.number - 1]}: {each}" for each in row.non_field_specific_errors
        )


def _sentences(error: Any) -> list[str]:
    return list(getattr(error, "messages", None) or [str(error)])
