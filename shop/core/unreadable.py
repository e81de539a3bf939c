"""Requests whose text nobody can have typed, and that no column of text can hold."""

import codecs
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import parse_header_parameters

from shop.core.wsgi_refusals import Application, refuse

#: Encodings of text that are read: UTF-8, and its subset.
_READ = frozenset({"utf-8", "ascii"})
_NUL = "\0"
#: A signed message has a strict reader of its own, and a verdict for whatever is none.
_MESSAGES = frozenset({"offer"})

_OTHER_ENCODING = "This shop reads UTF-8, and no other encoding of text."


class Unreadable(BadRequest):
    """A request that is answered with 400; the text is a sentence for whoever sent it."""


class ReadableTextMiddleware:
    """Refuses NUL characters, and text in any encoding but UTF-8, before a view meets them.

    PostgreSQL stores no NUL (its documentation, section 8.3) and no half of a surrogate pair, which
    ``charset=unicode_escape`` would smuggle in. No browser sends either.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.encoding is not None and not _is_read(request.encoding):
            raise Unreadable(_OTHER_ENCODING)
        if _NUL in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            raise Unreadable("The address has a character in it that is no text.")
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *_: Any) -> None:
        """:raises Unreadable: a form has a NUL in it

        What a view without CSRF protection is sent is no form, or it reads it itself.
        """
        if request.method != "POST" or getattr(view, "csrf_exempt", False):
            return
        for name, values in request.POST.lists():
            is_text = name not in _MESSAGES
            if _NUL in name or (is_text and any(_NUL in value for value in values)):
                raise Unreadable("A field of this form has a character in it that is no text.")


def with_readable_type(application: Application) -> Application:
    """A WSGI application that is not asked with a ``Content-Type`` it cannot read.

    Django reads the header before any middleware, and outside of what answers its errors: where it
    names a codec that is none of text (``charset=hex``), the server would have an exception.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> HttpResponseBase:
        if _is_type_read(environ.get("CONTENT_TYPE", "")):
            return application(environ, start_response)
        return refuse(HTTPStatus.BAD_REQUEST, _OTHER_ENCODING, start_response)

    return answer


def _is_type_read(content_type: str) -> bool:
    if not content_type:
        return True
    try:
        _, parameters = parse_header_parameters(content_type)
    except ValueError:
        return False
    # What is no codec at all, Django takes for UTF-8.
    encoding = parameters.get("charset", "")
    return _is_read(encoding) or not _is_codec(encoding)


def _is_codec(name: str) -> bool:
    try:
        codecs.lookup(name)
    except (LookupError, ValueError):
        return False
    return True


def _is_read(encoding: str) -> bool:
    return _is_codec(encoding) and codecs.lookup(encoding).name in _READ
