"""CSV tables of products and deals: their columns, and what a file would change.

A wrong row is named with its errors, and nothing of the file is written. Cells and columns left
out change nothing. Money is written in the currency's unit: 49.90.

A file is read in two steps. ``plan`` reads rows and checks them, in a fixed number of queries for
so many rows and without a transaction. ``write`` writes what was planned, in bulk, in a short one.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import batched
from time import sleep
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from import_export import fields, resources, widgets
from import_export.results import Result

from shop.core.money import major_units
from shop.core.typed.money import read_money
from shop.core.typed.numbers import read_count
from shop.core.typed.spelling import plain
from shop.core.typed.words import read_yes_or_no
from shop.staff.models import Staff

type Row = Mapping[str, Any]

#: Rows that a page shows of a file, from the first that changes something.
SHOWN_ROWS = 100
#: Keys that one query asks for.
_KEYS_IN_A_QUERY = 500
#: Rows after which a plan lets other threads go first, and for how long in seconds: whoever
#: computes without a pause keeps a checkout waiting at each of its queries.
_ROWS_IN_A_ROW, _PAUSE = 10, 0.0005


class Overtaken(Exception):
    """What a plan was made from has changed since."""


class TextWidget(widgets.CharWidget):
    """Text; CharWidget takes an empty cell for an empty text."""

    def clean(self, value: Any, row: Row | None = None, **kwargs: Any) -> str | None:
        return super().clean(value, row, **kwargs) or None


class YesNoWidget(widgets.Widget):
    """Yes or no; BooleanWidget takes any other word for no."""

    def clean(self, value: Any, row: Row | None = None, **kwargs: Any) -> bool | None:
        """:raises ValueError: it is neither yes nor no"""
        word = plain(value or "")
        try:
            return read_yes_or_no(word) if word else None
        except ValidationError as error:
            raise ValueError(error.messages[0]) from None

    def render(self, value: Any, obj: Model | None = None, **kwargs: Any) -> str:
        return "yes" if value else "no"


class UnitsWidget(widgets.Widget):
    """A whole number of units; IntegerWidget cuts the decimals off any other."""

    def clean(self, value: Any, row: Row | None = None, **kwargs: Any) -> int | None:
        """:raises ValueError: it is no whole number"""
        text = plain("" if value is None else value)
        try:
            return read_count(text, "units") if text else None
        except ValidationError as error:
            raise ValueError(error.messages[0]) from None


class MoneyColumn(fields.Field):
    """An amount in the currency of the instance's product; an empty cell changes nothing."""

    def save(self, instance: Any, row: Row, is_m2m: bool = False, **kwargs: Any) -> None:
        """:raises ValueError: it is no amount of the currency"""
        text, product = cell(row, str(self.column_name)), instance.product
        if not text:
            return
        try:
            amount = read_money(text, product.currency)
        except ValidationError as error:
            raise ValueError(error.messages[0]) from None
        owner, _, name = str(self.attribute).rpartition("__")
        setattr(product if owner else instance, name, amount)

    def export(self, instance: Any, **kwargs: Any) -> str:
        amount = self.get_value(instance)
        return "" if amount is None else str(major_units(amount, instance.product.currency))


def column(attribute: str, widget: widgets.Widget | None = None) -> fields.Field:
    """A column whose empty cells change nothing; of text, unless a widget reads it."""
    return fields.Field(attribute, widget=widget or TextWidget(), saves_null_values=False)


def fixed_column(attribute: str) -> fields.Field:
    """A column that identifies or informs: an import writes nothing of it."""
    return fields.Field(attribute, readonly=True)


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

    ``planned`` are the instances that are to be written, in the order of their rows.
    """

    needed: tuple[str, ...] = ()
    #: The column whose rows belong together, and are written together where there is room.
    together = ""

    class Meta:
        skip_unchanged = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.planned: list[Any] = []
        self._rows_seen: dict[Any, int] = {}
        self._number = self._shown = 0

    def plan(self, dataset: Any) -> Result:
        """What a file would change, and what is wrong with it; nothing is written."""
        result: Result = self.import_data_inner(
            dataset,
            dry_run=True,
            raise_errors=False,
            using_transactions=False,
            collect_failed_rows=False,
        )
        return result

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

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """:raises ValidationError: a column is missing or unknown, or stands twice"""
        known = {str(field.column_name) for field in self.fields.values()}
        headers: list[str] = dataset.headers or []
        given = set(headers)
        problem = ""
        if unknown := sorted(given - known):
            problem = f"Nobody knows the column {', '.join(unknown)}. "
            problem += f"Known are {', '.join(sorted(known))}."
        elif missing := sorted(set(self.needed) - given):
            problem = f"The column {', '.join(missing)} is missing."
        elif repeated := sorted(name for name in given if headers.count(name) > 1):
            problem = f"The column {', '.join(repeated)} stands there more than once."
        if problem:
            # Nothing more is to be said of rows whose columns are not understood.
            del dataset[:]
            raise ValidationError(problem)
        self.load(dataset.dict)

    def import_row(self, row: Any, instance_loader: Any, **kwargs: Any) -> Any:
        """What a row would change. The library's own copies and writes out each row twice."""
        self._number = int(kwargs["row_number"])
        if self._number % _ROWS_IN_A_ROW == 0:
            sleep(_PAUSE)
        result: Any = self.get_row_result_class()()
        result.number = self._number
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
        if (other := self._rows_seen.setdefault(key, self._number)) != self._number:
            raise ValidationError({column: f"Row {other} says something of {name} already."})

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


def cell(row: Row, name: str) -> str:
    """The text of a row's cell, empty where there is none."""
    return str(row.get(name) or "").strip()
