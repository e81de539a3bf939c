"""CSV tables of products and deals: their columns, and what a file would change.

A wrong row is named with its errors, and nothing of the file is written. Cells and columns left
out change nothing. Money is written in the currency's unit: 49.90.

A file is read in two steps. ``plan`` reads rows and checks them, in a fixed number of queries for
so many rows and without a transaction. ``write`` writes what was planned, in bulk, in a short one.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import batched
from time import sleep
from typing import Any, NamedTuple, Self

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from import_export import fields, resources
from import_export.results import Result
from tablib import Dataset

from shop.merchant.forms.column_mapping import (
    ColumnChoices,
    chosen_rows,
    named_columns,
    named_rows,
)
from shop.merchant.forms.table_columns import Row
from shop.merchant.forms.table_files import TableFile
from shop.merchant.forms.table_rows import TableRow, TableRows
from shop.staff.models import Staff

#: Rows that a page shows of a file, from the first that changes something.
SHOWN_ROWS = 100
#: Keys that one query asks for.
_KEYS_IN_A_QUERY = 500
#: Rows after which a plan lets other threads go first, and for how long in seconds: whoever
#: computes without a pause keeps a checkout waiting at each of its queries.
_ROWS_IN_A_ROW, _PAUSE = 10, 0.0005


class Overtaken(Exception):
    """What a plan was made from has changed since."""


class Consequence(NamedTuple):
    """What else a file does: what it is about, and sentences to read before it is written."""

    about: str
    sentences: tuple[str, ...]


class Consequences(NamedTuple):
    """All consequences of a plan; ``digest`` identifies them, and is empty where there are none."""

    told: tuple[Consequence, ...] = ()
    digest: str = ""


class RowDiff(resources.Diff):
    """What a row changes: each field's whole value before and after."""

    def as_html(self) -> Self:  # type: ignore[override]
        """Itself: a cell is written only where a page shows it."""
        return self

    def __iter__(self) -> Iterator[SafeString]:
        for before, after in zip(self.left, self.right, strict=True):
            if before != after and not self.new and before != "":
                yield format_html("{} → <ins>{}</ins>", before, after)
            else:
                yield format_html("{}", after)


class CsvTable(resources.ModelResource):  # type: ignore[type-arg]
    """A table with strict columns, whose rows the models validate.

    ``planned`` are the instances that are to be written, in the order of their rows, ``notes``
    sentences on how rows were understood.
    """

    #: The columns that each file has to have.
    needed: tuple[str, ...] = ()
    #: Those that it has to have besides where something is new.
    needed_of_new: tuple[str, ...] = ()
    #: What the columns of other programs' files may be.
    choices: ColumnChoices
    #: Rows to begin with, by all columns, and the name of their file.
    sample: tuple[tuple[str, ...], ...]
    sample_name: str
    #: The column whose rows belong together, and are written together where there is room.
    together = ""

    class Meta:
        skip_unchanged = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.planned: list[Any] = []
        self.notes: list[str] = []
        #: Whether the rows are a portion of a file, of which nobody is asked anything any more.
        self.is_portion = False
        self._rows: Sequence[TableRow] = ()
        self._lines_seen: dict[Any, int] = {}
        self._number = self._shown = 0

    @property
    def line(self) -> int:
        """The line in the file of the row that is read now."""
        return self._rows[self._number - 1].line

    @classmethod
    def known_columns(cls) -> list[str]:
        """The names of all columns, in the order in which they are taken out."""
        return list(cls().get_export_headers())

    @classmethod
    def named(cls, headers: Sequence[str]) -> tuple[str, ...] | None:
        """Our columns, where a file has all that are needed, and no others; else None."""
        columns = named_columns(headers, cls.known_columns())
        return columns if columns and set(cls.needed) <= set(columns) else None

    @classmethod
    def rows_of(cls, file: TableFile, columns: Sequence[str] = ()) -> TableRows:
        """The rows of a file.

        :param columns: ours for each of the file's, as somebody chose them; none where they have
            our names
        """
        named = () if columns else cls.named(file.headers) or ()
        return (
            named_rows(file, named)
            if named
            else cls.arrange(chosen_rows(file, columns, cls.choices))
        )

    @classmethod
    def arrange(cls, rows: TableRows) -> TableRows:
        """Rows of another program's file, a row for each of ours."""
        return rows

    def plan(self, rows: TableRows) -> Result:
        """What rows would change, and what is wrong with them; nothing is written."""
        self._rows, columns = rows.rows, rows.columns
        self.load([row.cells for row in rows.rows])
        cells = ([row.cells.get(name, "") for name in columns] for row in rows.rows)
        dataset = Dataset(*cells, headers=columns)
        result: Result = self.import_data_inner(
            dataset,
            dry_run=True,
            raise_errors=False,
            using_transactions=False,
            collect_failed_rows=False,
        )
        return result

    def consequences(self, *, now: datetime) -> Consequences:
        """What to confirm before the plan is written.

        :raises ValidationError: it is too much for one file
        """
        return Consequences()

    def write(self, *, by: Staff, now: datetime) -> None:
        """Write what was planned, in the caller's transaction, in a fixed number of statements.

        :raises Overtaken: rows have changed since they were read; nothing was written
        :raises django.db.IntegrityError: the database holds something against it
        """
        raise NotImplementedError

    def load(self, rows: list[Row]) -> None:
        """Read all that the rows are about, in a fixed number of queries for so many rows."""
        raise NotImplementedError

    def checks(
        self, instance: Any, unread: Collection[str]
    ) -> Iterable[tuple[str, Callable[[], None]]]:
        """Validators of a row, each with the prefix of its errors' fields in the attributes.

        They run no query: the database's own constraints are held when it is written.

        :param unread: attributes whose cells could not be read
        """
        raise NotImplementedError

    def import_row(self, row: Any, instance_loader: Any, **kwargs: Any) -> Any:
        """What a row would change. The library's own copies and writes out each row twice."""
        self._number = int(kwargs["row_number"])
        if self._number % _ROWS_IN_A_ROW == 0:
            sleep(_PAUSE)
        result: Any = self.get_row_result_class()()
        result.number = self.line
        try:
            instance, is_new = self.get_or_init_instance(instance_loader, row)
            diff = self._diff(instance, is_new)
            if self._read(instance, row) or is_new:
                result.import_type = result.IMPORT_TYPE_NEW if is_new else result.IMPORT_TYPE_UPDATE
                self.planned.append(instance)
                self._shown += 1
            else:
                result.import_type = result.IMPORT_TYPE_SKIP
            if diff is not None:
                diff.compare_with(self, instance)
                result.diff = diff
        except ValidationError as error:
            result.import_type, result.validation_error = result.IMPORT_TYPE_INVALID, error
        return result

    @cached_property
    def _import_fields(self) -> list[fields.Field]:
        return list(super().get_import_fields())

    def get_import_fields(self) -> list[fields.Field]:
        """The columns, worked out once for all rows."""
        return self._import_fields

    def _diff(self, instance: Any, is_new: bool) -> "RowDiff | None":
        """What is to be compared; of rows that a page does not show, nothing."""
        return RowDiff(self, instance, is_new) if self._shown < SHOWN_ROWS else None

    def _read(self, instance: Any, row: Any) -> bool:
        """Write a row's cells into the instance, and check it; whether it has to be written.

        :raises ValidationError: everything that is wrong with it
        """
        before = self.state_of(instance)
        unread: dict[str, Any] = {}
        try:
            self.import_instance(instance, row)
        except ValidationError as error:
            unread = error.update_error_dict(unread)
        is_changed = self.state_of(instance) != before
        if is_changed or unread or instance.pk is None:
            self.validate_instance(instance, unread)
        return is_changed

    def state_of(self, instance: Any) -> tuple[Any, ...]:
        """All that a row may write of an instance."""
        raise NotImplementedError

    def once(self, key: Any, column: str, name: str) -> None:
        """:raises ValidationError: another row says something of the same thing"""
        if (other := self._lines_seen.setdefault(key, self.line)) != self.line:
            raise ValidationError({column: f"Line {other:,} says something of {name} already."})

    def validate_instance(
        self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        """:raises ValidationError: everything that is wrong with a row, by its columns"""
        unread = import_validation_errors or {}
        columns = {str(field.attribute): str(field.column_name) for field in self.fields.values()}
        errors = {columns[name]: ValidationError(found).messages for name, found in unread.items()}
        for prefix, check in self.checks(instance, unread.keys()):
            try:
                check()
            except ValidationError as error:
                for name, messages in error.message_dict.items():
                    errors.setdefault(columns.get(prefix + name, name), []).extend(messages)
        if errors:
            raise ValidationError(errors)

    @classmethod
    def get_diff_class(cls) -> type[resources.Diff]:
        return RowDiff


def in_batches[Found](
    rows: "QuerySet[Any, Found]", field: str, values: Iterable[Any]
) -> Iterator[Found]:
    """The rows that have one of the values, whatever their number."""
    for some in batched(sorted(set(values)), _KEYS_IN_A_QUERY, strict=False):
        yield from rows.filter(**{f"{field}__in": some})
