"""CSV export and import of products and deals.

An import is all or nothing: a wrong row is named with its errors, and nothing
of the file is written. Cells and columns left out change nothing. Money is
written in the currency's unit: 49.90.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.html import format_html
from django.utils.safestring import SafeString
from import_export import fields, resources, widgets
from import_export.admin import ImportExportModelAdmin
from import_export.formats.base_formats import CSV

from shop.core.money import major_units
from shop.merchant.forms.money_fields import minor_units

type Row = Mapping[str, Any]


_WORDS = {"": None, "yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class YesNoWidget(widgets.Widget):
    """Yes or no; BooleanWidget takes any other word for no."""

    def clean(self, value: Any, row: Row | None = None, **kwargs: Any) -> bool | None:
        """:raises ValueError: it is neither yes nor no"""
        word = str(value or "").strip().lower()
        if word not in _WORDS:
            raise ValueError(f"{value} is neither yes nor no.")
        return _WORDS[word]

    def render(self, value: Any, obj: Model | None = None, **kwargs: Any) -> str:
        return "yes" if value else "no"


class UnitsWidget(widgets.Widget):
    """A whole number of units; IntegerWidget cuts the decimals off any other."""

    def clean(self, value: Any, row: Row | None = None, **kwargs: Any) -> int | None:
        """:raises ValueError: it is no whole number"""
        text = str(value or "").strip()
        if text and not (text.isascii() and text.isdigit()):
            raise ValueError(f"{text} is not a whole number of units.")
        return int(text) if text else None


class MoneyColumn(fields.Field):
    """An amount in the currency of the instance's product; an empty cell changes nothing."""

    def save(self, instance: Any, row: Row, is_m2m: bool = False, **kwargs: Any) -> None:
        """:raises ValueError: it is no amount of the currency"""
        text, product = cell(row, str(self.column_name)), instance.product
        if not text:
            return
        try:
            amount = minor_units(Decimal(text), product.currency)
        except InvalidOperation:
            raise ValueError(f"{text} is not an amount such as 49.90.") from None
        except ValidationError as error:
            raise ValueError(error.messages[0]) from None
        owner, _, name = str(self.attribute).rpartition("__")
        setattr(product if owner else instance, name, amount)

    def export(self, instance: Any, **kwargs: Any) -> str:
        amount = self.get_value(instance)
        return "" if amount is None else str(major_units(amount, instance.product.currency))


def column(attribute: str, widget: widgets.Widget | None = None) -> fields.Field:
    """A column whose empty cells change nothing; of text, unless a widget reads it."""
    return fields.Field(attribute, widget=widget or widgets.CharWidget(), saves_null_values=False)


def fixed_column(attribute: str) -> fields.Field:
    """A column that identifies or informs: an import writes nothing of it."""
    return fields.Field(attribute, readonly=True)


class CsvFormat(CSV):
    """CSV with commas, or with semicolons, as spreadsheets of other languages write it."""

    def create_dataset(self, in_stream: Any, **kwargs: Any) -> Any:
        text = in_stream.decode("utf-8-sig") if isinstance(in_stream, bytes) else in_stream
        header = text.partition("\n")[0]
        delimiter = ";" if header.count(";") > header.count(",") else ","
        return super().create_dataset(text, delimiter=delimiter, **kwargs)


class RowDiff(resources.Diff):
    """What a row changes: each field's whole value before and after."""

    def as_html(self) -> list[SafeString]:
        return [
            format_html("{} → <ins>{}</ins>", before, after)
            if before != after and not self.new and before != ""
            else format_html("{}", after)
            for before, after in zip(self.left, self.right, strict=True)
        ]


class CsvTable(resources.ModelResource):  # type: ignore[type-arg]
    """A table with strict columns, whose rows the models validate."""

    needed: tuple[str, ...] = ()

    class Meta:
        skip_unchanged = True

    def checks(
        self, instance: Any, unread: Collection[str]
    ) -> Iterable[tuple[str, Callable[[], None]]]:
        """Validators of a row, each with the prefix of its errors' fields in the attributes.

        :param unread: attributes whose cells could not be read
        """
        raise NotImplementedError

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """:raises ValidationError: a column is missing or unknown"""
        known = {str(field.column_name) for field in self.fields.values()}
        given = {str(name).strip() for name in dataset.headers or ()}
        if unknown := sorted(given - known):
            raise ValidationError(
                f"Nobody knows the column {', '.join(unknown)}. "
                f"Known are {', '.join(sorted(known))}."
            )
        if missing := sorted(set(self.needed) - given):
            raise ValidationError(f"The column {', '.join(missing)} is missing.")

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


class CsvAdmin(ImportExportModelAdmin):  # type: ignore[type-arg]
    """A list with CSV export, and import by way of a preview."""

    formats = [CsvFormat]
    from_encoding = "utf-8-sig"
    # One format, and all columns: nothing to choose.
    skip_export_form = True
    # List prices, stock movements and the sale's audit log record an import.
    skip_admin_log = True
    # The message, without a traceback.
    import_error_display = ("message",)


def cell(row: Row, name: str) -> str:
    """The text of a row's cell, empty where there is none."""
    return str(row.get(name) or "").strip()
