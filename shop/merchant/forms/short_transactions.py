"""Transactions of the back office: they hold a form's checks and its writes, and nothing slow.

SQLite has one lock for all who write, and a transaction takes it when it begins; on PostgreSQL
it keeps the rows that checkout waits for. So a page is made, a file is read and a mail is sent
before or after it. ``tests/support/write_transactions.py`` holds every request to that.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest, HttpResponse


def form_transaction(request: HttpRequest) -> AbstractContextManager[None]:
    """A transaction for a form that was sent; for a page that is looked at, none."""
    return transaction.atomic() if request.method == "POST" else nullcontext()


class PageToMake(HttpResponse):
    """Stands for a form's page until its transaction is over."""

    def __init__(self, make: Callable[[], HttpResponse]) -> None:
        super().__init__()
        self.make_page = make


class ShortTransactionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A form whose page is made, and whose slow work is done, outside its transaction."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page of a form; sent, it is saved in Django's transaction, or shown again."""
        show = partial(super().changeform_view, request, object_id, form_url, extra_context)
        if request.method != "POST":
            return show()
        self.prepare(request, object_id)
        jobs: list[Callable[[], None]] = []
        request.after_transaction = jobs  # type: ignore[attr-defined]
        try:
            answer: HttpResponse = show()
        finally:
            request.after_transaction = None  # type: ignore[attr-defined]
        for job in jobs:
            job()
        return answer.make_page() if isinstance(answer, PageToMake) else answer

    def prepare(self, request: HttpRequest, object_id: str | None) -> None:
        """Do what takes time with a form that was sent, before its transaction begins."""

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """The page of the form; of one that was sent, once its transaction is over."""
        make = partial(self.form_page, request, context, *args, **kwargs)
        is_in_transaction = getattr(request, "after_transaction", None) is not None
        return PageToMake(make) if is_in_transaction else make()

    def form_page(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Make the page of the form; classes add to its context here."""
        page: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return page


def after_transaction(request: HttpRequest, job: Callable[[], None]) -> None:
    """Do something slow once the form's transaction is committed; at once where there is none."""
    jobs: list[Callable[[], None]] | None = getattr(request, "after_transaction", None)
    if jobs is None:
        job()
    else:
        jobs.append(job)
