"""Answers of a WSGI application to requests that the shop's own never sees."""

from collections.abc import Callable
from wsgiref.types import StartResponse, WSGIEnvironment

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from shop.core.cache_headers import NOT_STORED

#: What Django's ``get_wsgi_application`` gives: an answer of its is a response.
type Application = Callable[[WSGIEnvironment, StartResponse], HttpResponseBase]


def refuse(status: int, text: str, start_response: StartResponse) -> HttpResponse:
    """Answer with a sentence in plain text, which nobody stores."""
    refusal = HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
    refusal["Cache-Control"] = NOT_STORED
    start_response(f"{refusal.status_code} {refusal.reason_phrase}", [*refusal.items()])
    return refusal
