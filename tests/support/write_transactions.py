"""Holds every request to this: nothing slow is done while it holds a write transaction.

On SQLite a transaction has the one lock for all who write, on PostgreSQL the rows that it has
locked. So none may be open while a request renders, re-encodes a picture, mails, or reads a file
or an upload: checkout would wait for it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from threading import local
from typing import Any

import pytest
from django.core.files.storage import Storage
from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.core.handlers.base import BaseHandler
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest
from django.template.base import Template
from PIL import Image

from shop.core.machine_clock import monotonic_seconds

#: What takes long, by what it is for people.
SLOW: dict[str, tuple[tuple[Any, str], ...]] = {
    "decodes a picture": ((Image.Image, "load"),),
    "scales a picture": ((Image.Image, "resize"),),
    "encodes a picture": ((Image.Image, "save"),),
    "renders a template": ((Template, "render"),),
    "sends a mail": ((EmailMessage, "send"),),
    "reads an upload": (
        (UploadedFile, "chunks"),
        (InMemoryUploadedFile, "chunks"),
        (Image, "open"),
    ),
    "reads a file": ((Storage, "open"),),
}


@dataclass
class WriteTransactions:
    """Those of the requests so far: what was done in them that takes long, and the longest.

    A transaction that a test itself has opened around a request does not count.
    """

    found: list[str] = field(default_factory=list)
    #: In seconds, by method and path.
    longest: dict[str, float] = field(default_factory=dict)
    _of_thread: local = field(default_factory=local)

    @contextmanager
    def request(self, request: HttpRequest) -> Iterator[None]:
        """The answering of a request."""
        before = vars(self._of_thread).copy()
        self._of_thread.request, self._of_thread.depth = request, 0
        try:
            yield
        finally:
            vars(self._of_thread).clear()
            vars(self._of_thread).update(before)

    def begin(self) -> None:
        """A transaction or a savepoint of this thread begins."""
        if self._request is not None:
            self._of_thread.depth += 1
            if self._of_thread.depth == 1:
                self._of_thread.began = monotonic_seconds()

    def end(self) -> None:
        """It ends."""
        if self._request is not None and self._of_thread.depth:
            self._of_thread.depth -= 1
            if not self._of_thread.depth:
                took = monotonic_seconds() - self._of_thread.began
                self.longest[self._name] = max(took, self.longest.get(self._name, 0))

    def note(self, what: str) -> None:
        """Something slow is done."""
        if self._request is not None and self._of_thread.depth:
            self.found.append(f"{self._name} {what} in a transaction")

    @property
    def _request(self) -> HttpRequest | None:
        return getattr(self._of_thread, "request", None)

    @property
    def _name(self) -> str:
        assert self._request is not None
        return f"{self._request.method} {self._request.path}"


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[WriteTransactions]:
    """Watch all requests of this process within the block."""
    watch = WriteTransactions()

    def replace(owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:
        original = getattr(owner, name)
        monkeypatch.setattr(owner, name, wraps(original)(wrap(original)))

    def answering(original: Any) -> Any:
        def get_response(self: BaseHandler, request: HttpRequest) -> Any:
            with watch.request(request):
                return original(self, request)

        return get_response

    def beginning(original: Any) -> Any:
        def enter(self: Any) -> Any:
            entered = original(self)
            watch.begin()
            return entered

        return enter

    def ending(original: Any) -> Any:
        def leave(self: Any, *error: Any) -> Any:
            try:
                return original(self, *error)
            finally:
                watch.end()

        return leave

    def after_the_commit(original: Any) -> Any:
        def run(self: Any) -> Any:
            # What waits for the commit is called before the block is left.
            depth, watch._of_thread.depth = getattr(watch._of_thread, "depth", 0), 0
            try:
                return original(self)
            finally:
                watch._of_thread.depth = depth

        return run

    def noting(what: str) -> Callable[[Any], Any]:
        def wrap(original: Any) -> Any:
            def noted(self: Any, *args: Any, **kwargs: Any) -> Any:
                watch.note(what)
                return original(self, *args, **kwargs)

            return noted

        return wrap

    with monkeypatch.context() as patches:
        monkeypatch = patches
        replace(BaseHandler, "get_response", answering)
        replace(transaction.Atomic, "__enter__", beginning)
        replace(transaction.Atomic, "__exit__", ending)
        replace(BaseDatabaseWrapper, "run_and_clear_commit_hooks", after_the_commit)
        for what, methods in SLOW.items():
            for owner, name in methods:
                replace(owner, name, noting(what))
        yield watch
