"""Pages that take a table out as CSV, and bring one in: the file, what it would do, the doing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST
from import_export.admin import ImportExportModelAdmin
from import_export.results import Result, RowResult
from tablib import Dataset

from shop.core.requests import now_of
from shop.merchant.forms import csv_writing
from shop.merchant.forms.csv_format import CsvFormat
from shop.merchant.forms.csv_tables import CsvTable, Overtaken
from shop.merchant.forms.csv_writing import (
    NAMED,
    Unconfirmed,
    begin_writing,
    forget_earlier_ones,
    go_on,
    write_together,
)
from shop.merchant.forms.import_forms import ColumnsForm, ConfirmForm, TableFileForm
from shop.merchant.forms.kept_files import KeptFile, keep_file, kept_file
from shop.merchant.forms.table_files import TableFile, read_table
from shop.merchant.forms.table_rows import TableRows, problems_of
from shop.merchant.models import CsvImport
from shop.merchant.pages import merchant_page
from shop.staff.current import staff_of

_OTHERWISE = "What follows from the file is not what it was. Nothing is written yet: read it anew."
_TOO_MUCH = (
    "More than {:,} rows change, and among them deals of sales that are published: bring these in "
    "by a file of their own."
)
_GONE = "The file is not kept any more: choose it again."


class CsvAdmin(ImportExportModelAdmin):  # type: ignore[type-arg]
    """A list with CSV export, and import by way of a preview, which writes nothing."""

    formats = [CsvFormat]
    # One format, and all columns: nothing to choose.
    skip_export_form = True

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("import/<int:pk>/", view(self.progress_page), name=self._name("import_progress")),
            path("import/sample/", view(self.sample), name=self._name("import_sample")),
        ]
        urls: list[URLPattern] = super().get_urls()
        return [*own, *urls]

    def import_action(  # type: ignore[override]
        self, request: HttpRequest, **kwargs: Any
    ) -> HttpResponse:
        """The form of a file; sent, what is in it, what is wrong with it, or what to say of it."""
        self._check_permission(request)
        if request.method != "POST":
            return self._import_page(request, TableFileForm())
        if "file" in request.POST:
            return self._columns_sent(request)
        form = TableFileForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._import_page(request, form)
        if self._table.named(form.table.headers) is None:
            token = keep_file(KeptFile(form.content), self._label, staff_of(request))
            return self._columns_page(request, self._columns_form(form.table, token))
        return self._preview(request, KeptFile(form.content), form.table)

    def _columns_sent(self, request: HttpRequest) -> HttpResponse:
        """What a kept file would do by the columns that were chosen; without any, their choice."""
        token = request.POST["file"]
        kept = kept_file(token, self._label, staff_of(request))
        if kept is None:
            return self._gone(request)
        file = read_table(kept.content)
        if "column-0" not in request.POST:
            return self._columns_page(request, self._columns_form(file, token, kept.columns))
        form = self._columns_form(file, token, data=request.POST)
        if not form.is_valid():
            return self._columns_page(request, form)
        return self._preview(request, KeptFile(kept.content, form.columns), file)

    def _columns_form(
        self, file: TableFile, token: str, columns: Sequence[str] = (), data: Any = None
    ) -> ColumnsForm:
        guess = self._table.choices.guess(file.headers)
        return ColumnsForm(
            data, token=token, table=self._table, file=file, columns=columns or guess.columns
        )

    def _preview(self, request: HttpRequest, kept: KeptFile, file: TableFile) -> HttpResponse:
        """What a file would do, and what is wrong with it; else the form that confirms it."""
        table, rows = self._table(), self._table.rows_of(file, kept.columns)
        result = table.plan(rows)
        kept = replace(kept, changes=len(table.planned))
        token = keep_file(kept, self._label, staff_of(request))
        shown = _shown(result, replace(rows, notes=(*rows.notes, *table.notes)), kept.changes)
        shown["columns_again"] = token if kept.columns else ""
        if not result.has_validation_errors():
            shown |= self._asked(table, now_of(request), token)
        return self._import_page(request, TableFileForm(), **shown)

    def _asked(self, table: CsvTable, now: datetime, token: str) -> dict[str, Any]:
        """What to confirm, and the form that does; or why it cannot be."""
        try:
            consequences = table.consequences(now=now)
            if consequences.told and len(table.planned) > csv_writing.ROWS_TOGETHER:
                raise ValidationError(_TOO_MUCH.format(csv_writing.ROWS_TOGETHER))
        except ValidationError as error:
            return {"refused": error.messages}
        form = ConfirmForm(initial={"file": token, "agreed": consequences.digest})
        return {"confirm_form": form, "consequences": consequences.told}

    def _gone(self, request: HttpRequest) -> HttpResponse:
        messages.error(request, _GONE)
        return redirect(f"admin:{self._name('import')}")

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Write a file whose preview was confirmed; a large one in the background."""
        self._check_permission(request)
        answer: HttpResponse = require_POST(self._write)(request)
        return answer

    def _write(self, request: HttpRequest) -> HttpResponse:
        by, label = staff_of(request), self._label
        kept = kept_file(request.POST.get("file", ""), label, by)
        if kept is None:
            return self._gone(request)
        file = read_table(kept.content)
        rows = self._table.rows_of(file, kept.columns)
        if kept.changes > csv_writing.ROWS_TOGETHER:
            job = begin_writing(label, rows, by)
            return redirect(f"admin:{self._name('import_progress')}", job.pk)
        try:
            agreed = request.POST.get("agreed", "")
            now = now_of(request)
            result = write_together(self._table, rows, agreed=agreed, by=by, now=now)
        except Unconfirmed:
            messages.warning(request, _OTHERWISE)
            return self._preview(request, kept, file)
        except Overtaken as overtaken:
            messages.error(request, str(overtaken))
            return redirect(f"admin:{self._name('import')}")
        if result.has_validation_errors():
            return self._import_page(request, TableFileForm(), **_shown(result, rows, 0))
        forget_earlier_ones(label)
        messages.success(request, f"{_totals(result)}.")
        return redirect(f"admin:{self._name('changelist')}")

    def progress_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """How far a file is that is written in the background; sent, it is gone on with."""
        self._check_permission(request)
        job = get_object_or_404(CsvImport, pk=pk, table=self._label)
        if request.method == "POST":
            if job.is_left:
                go_on(job)
            return redirect(request.path)
        context: dict[str, Any] = {
            "job": job,
            "opts": self.opts,
            "is_still": "still" in request.GET,
        }
        if request.htmx:  # type: ignore[attr-defined]
            return render(request, "merchant/csv_import.html#fragment", context)
        title = f"Bring {self.opts.verbose_name_plural} in"
        return merchant_page(request, "merchant/csv_import.html", title, **context)

    def sample(self, request: HttpRequest) -> HttpResponse:
        """A file to begin with: its columns, and some rows."""
        self._check_permission(request)
        table = self._table
        rows = Dataset(*table.sample, headers=table.known_columns())
        return HttpResponse(
            CsvFormat().export_data(rows),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{table.sample_name}"'},
        )

    def _columns_page(self, request: HttpRequest, form: ColumnsForm) -> HttpResponse:
        """The page on which somebody says what the columns of a file are."""
        return merchant_page(
            request,
            "merchant/csv_columns.html",
            f"Bring {self.opts.verbose_name_plural} in",
            opts=self.opts,
            form=form,
            program=self._table.choices.guess(form.table_file.headers).program,
        )

    def _check_permission(self, request: HttpRequest) -> None:
        if not self.has_import_permission(request):
            raise PermissionDenied

    @property
    def _table(self) -> type[CsvTable]:
        table: Any = self.resource_classes[0]
        own: type[CsvTable] = table
        return own

    @property
    def _label(self) -> str:
        """The model's label, such as ``catalog.product``."""
        return str(self.opts.label_lower)

    def _name(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"

    def _import_page(self, request: HttpRequest, form: TableFileForm, **shown: Any) -> HttpResponse:
        table = self._table
        needed = {*table.needed, *table.needed_of_new}
        return merchant_page(
            request,
            "admin/import_export/import.html",
            f"Bring {self.opts.verbose_name_plural} in",
            opts=self.opts,
            form=form,
            needed=table.needed,
            needed_of_new=table.needed_of_new,
            columns=[name for name in table.known_columns() if name not in needed],
            **shown,
        )


def _shown(result: Result, file: TableRows, changes: int) -> dict[str, Any]:
    """What a page shows of a file: its first wrong rows, or the first that change something."""
    rows = result.valid_rows()
    if len(rows) > NAMED:
        rows = [each for each in rows if each.import_type != RowResult.IMPORT_TYPE_SKIP]
    by_line = groupby(problems_of(result, file), key=lambda each: each.line)
    wrong = [(line, list(problems)) for line, problems in by_line]
    return {
        "result": result,
        "notes": file.notes,
        "wrong_lines": wrong[:NAMED],
        "more_wrong": max(0, len(wrong) - NAMED),
        "shown_rows": rows[:NAMED],
        "more_rows": max(0, len(rows) - NAMED),
        "totals": _totals(result),
        "is_large": changes > csv_writing.ROWS_TOGETHER,
        "together": csv_writing.ROWS_TOGETHER,
    }


def _totals(result: Result) -> str:
    """What came of a file's rows, by their number: "3 rows: 1 new, 2 changed"."""
    words: dict[Any, str] = {
        RowResult.IMPORT_TYPE_NEW: "new",
        RowResult.IMPORT_TYPE_UPDATE: "changed",
        RowResult.IMPORT_TYPE_SKIP: "as before",
    }
    counts = [
        f"{result.totals[kind]:,} {word}" for kind, word in words.items() if result.totals[kind]
    ]
    rows = "row" if result.total_rows == 1 else "rows"
    return f"{result.total_rows:,} {rows}: {', '.join(counts)}"
