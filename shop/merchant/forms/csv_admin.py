"""Pages that take a table out as CSV, and bring one in: the file, what it would do, the doing."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST
from import_export.admin import ImportExportModelAdmin
from import_export.results import Result, RowResult

from shop.core.requests import now_of
from shop.merchant.forms import csv_writing
from shop.merchant.forms.csv_files import (
    MOST_BYTES,
    CsvFormat,
    keep_file,
    kept_file,
    read_rows,
)
from shop.merchant.forms.csv_tables import CsvTable, Overtaken
from shop.merchant.forms.csv_writing import (
    NAMED,
    begin_writing,
    forget_earlier_ones,
    go_on,
    write_together,
)
from shop.merchant.models import CsvImport
from shop.merchant.pages import merchant_page
from shop.staff.current import staff_of

_GONE = "The file is not kept any more: choose it again."


class CsvFileForm(forms.Form):
    """A CSV file to look at; its ``rows`` are read when the form is checked."""

    import_file = forms.FileField(label="CSV file")
    content: bytes = b""
    rows: Any = None

    def clean_import_file(self) -> Any:
        """:raises ValidationError: it is too large, or no table"""
        upload = self.cleaned_data["import_file"]
        if upload.size > MOST_BYTES:
            raise ValidationError(f"At most {MOST_BYTES // 1024 // 1024} MB, please.")
        self.content = b"".join(upload.chunks())
        self.rows = read_rows(self.content)
        return upload


class ConfirmForm(forms.Form):
    """Says that a file is to be written whose preview was shown."""

    file = forms.CharField(widget=forms.HiddenInput)


class CsvAdmin(ImportExportModelAdmin):  # type: ignore[type-arg]
    """A list with CSV export, and import by way of a preview, which writes nothing."""

    formats = [CsvFormat]
    # One format, and all columns: nothing to choose.
    skip_export_form = True

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.progress_page)
        name = f"{self.opts.app_label}_{self.opts.model_name}_import_progress"
        urls: list[URLPattern] = super().get_urls()
        return [path("import/<int:pk>/", view, name=name), *urls]

    def import_action(  # type: ignore[override]
        self, request: HttpRequest, **kwargs: Any
    ) -> HttpResponse:
        """The form of a file; sent, what is in it, and what is wrong with it."""
        self._check_permission(request)
        is_sent = request.method == "POST"
        form = CsvFileForm(request.POST, request.FILES) if is_sent else CsvFileForm()
        if not is_sent or not form.is_valid():
            return self._import_page(request, form)
        result = self._table().plan(form.rows)
        if result.has_errors() or result.has_validation_errors():
            return self._import_page(request, form, result)
        token = keep_file(form.content, self._label, staff_of(request))
        return self._import_page(request, form, result, ConfirmForm(initial={"file": token}))

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Write a file whose preview was confirmed; a large one in the background."""
        self._check_permission(request)
        answer: HttpResponse = require_POST(self._write)(request)
        return answer

    def _write(self, request: HttpRequest) -> HttpResponse:
        by, label = staff_of(request), self._label
        content = kept_file(request.POST.get("file", ""), label, by)
        if content is None:
            messages.error(request, _GONE)
            return redirect(f"admin:{self._name('import')}")
        rows = read_rows(content)
        if len(rows) > csv_writing.ROWS_TOGETHER:
            job = begin_writing(label, content, len(rows), by)
            return redirect(f"admin:{self._name('import_progress')}", job.pk)
        try:
            result = write_together(self._table, rows, by=by, now=now_of(request))
        except Overtaken as overtaken:
            messages.error(request, str(overtaken))
            return redirect(f"admin:{self._name('import')}")
        if result.has_errors() or result.has_validation_errors():
            return self._import_page(request, CsvFileForm(), result)
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

    def _import_page(
        self,
        request: HttpRequest,
        form: CsvFileForm,
        result: Result | None = None,
        confirm_form: ConfirmForm | None = None,
    ) -> HttpResponse:
        shown: dict[str, Any] = _shown(result) if result else {}
        return merchant_page(
            request,
            "admin/import_export/import.html",
            f"Bring {self.opts.verbose_name_plural} in",
            opts=self.opts,
            form=form,
            columns=self._table().get_export_headers(),
            confirm_form=confirm_form,
            result=result,
            **shown,
        )


def _shown(result: Result) -> dict[str, Any]:
    """What a page shows of a file: its first wrong rows, or the first that change something."""
    wrong, rows = result.invalid_rows, result.valid_rows()
    if len(rows) > NAMED:
        rows = [each for each in rows if each.import_type != RowResult.IMPORT_TYPE_SKIP]
    count = result.total_rows
    return {
        "wrong_rows": wrong[:NAMED],
        "wrong_lines": result.row_errors()[:NAMED],
        "more_wrong": max(0, len(wrong) - NAMED) + max(0, len(result.row_errors()) - NAMED),
        "shown_rows": rows[:NAMED],
        "more_rows": max(0, len(rows) - NAMED),
        "totals": _totals(result),
        "is_large": count > csv_writing.ROWS_TOGETHER,
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
