"""Writing a CSV file's rows: together in one short transaction, or portion by portion.

What a transaction writes, everybody else who writes to SQLite waits for. So a file of many rows is
written in the background, in portions that take well under 300 ms each, with a pause after each
that is longer than the wait between two tries of SQLite, so that checkout has its turn. How far it
is stands in a row, which is written with each portion: a process that is killed loses none of it.
"""

import json
import logging
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice
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

from shop.core.machine_clock import machine_time, monotonic_seconds
from shop.core.outages import is_outage, reason_of
from shop.merchant.forms.csv_tables import SHOWN_ROWS, CsvTable, Overtaken
from shop.merchant.forms.staged_pictures import KEPT
from shop.merchant.forms.table_columns import cell
from shop.merchant.forms.table_rows import TableRow, TableRows, problems_of
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

_OF_EARLIER_RELEASE = "The shop was upgraded meanwhile. Bring the file in once more."
_OVERTAKEN = "Others changed the same rows at the same time. Bring the file in once more."


@dataclass(frozen=True, slots=True)
class OrderedRows:
    """The rows of a file in the order in which they are written."""

    names: dict[str, str]
    rows: Sequence[TableRow]
    groups: Sequence[str]

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

    def portion(self, begin: int, end: int) -> TableRows:
        """Some of the rows."""
        return TableRows(self.names, self.rows[begin:end])


class Unconfirmed(Exception):
    """Writing a file has other consequences than those that were confirmed."""


def write_together(
    table: type[CsvTable], rows: TableRows, *, agreed: str, by: Staff, now: datetime
) -> Result:
    """Write rows in one transaction, all or none; what came of it.

    :param agreed: the digest of the consequences that were confirmed
    :raises Overtaken: others change the same rows, again and again
    :raises Unconfirmed: the consequences are others by now
    """
    for _ in range(_TRIES):
        plan = table()
        result = plan.plan(rows)
        if result.has_validation_errors():
            return result
        if plan.consequences(now=now).digest != agreed:
            raise Unconfirmed
        try:
            with transaction.atomic():
                plan.write(by=by, now=now)
        except (Overtaken, IntegrityError) as error:
            logger.info("rows changed while they were taken in: %s", reason_of(error))
            continue
        return result
    raise Overtaken(_OVERTAKEN)


def begin_writing(table: str, rows: TableRows, by: Staff) -> CsvImport:
    """Begin to write a file's rows in the background."""
    forget_earlier_ones(table)
    job = CsvImport.objects.create(
        table=table, content=_packed(rows), rows=len(rows.rows), made_by=by
    )
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
    try:
        file = _ordered_rows(key, job.made_at)
    except ValueError:
        _stop(job, [_OF_EARLIER_RELEASE])
        return False
    end = file.end_after(job.written)
    portion = file.portion(job.written, end)
    for _ in range(_TRIES):
        try:
            plan = table_of(job.table)()
            plan.is_portion = True
            result = plan.plan(portion)
            if problems := list(map(str, islice(problems_of(result, portion), NAMED))):
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
    names, rows = _unpacked(bytes(job.content))
    together = table_of(job.table).together
    groups: dict[str, list[TableRow]] = {}
    for row in rows:
        groups.setdefault(cell(row.cells, together), []).append(row)
    return OrderedRows(
        names,
        [row for members in groups.values() for row in members],
        [group for group, members in groups.items() for _ in members],
    )


def _packed(rows: TableRows) -> bytes:
    """Rows as they lie in the database while they are being written."""
    cells = [(row.line, row.cells, row.lines) for row in rows.rows]
    return zlib.compress(json.dumps([rows.names, cells]).encode())


def _unpacked(content: bytes) -> tuple[dict[str, str], list[TableRow]]:
    """:raises ValueError: an earlier release has packed them"""
    names, cells = json.loads(zlib.decompress(content))
    return names, [TableRow(*each) for each in cells]
