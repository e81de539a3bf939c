"""Answers that take no thread: to a request that is out of bounds, or too many.

None of them has begun what was asked for, so a form can be sent again as it was, its tokens too.
"""

from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.csp import ContentSecurityPolicyMiddleware
from django.middleware.security import SecurityMiddleware
from django.template.loader import render_to_string
from django.urls import reverse

from shop.core.cache_headers import NOT_STORED
from shop.core.security_headers import SecurityHeadersMiddleware
from shop.operations.serving.addresses import KB, Priority
from shop.operations.serving.request_bodies import (
    BodyTooLarge,
    BodyTooSlow,
    LengthInvalid,
    RequestBody,
)
from shop.operations.serving.wsgi_calls import Headers, WholeAnswer

#: Whoever only looks is asked to wait longer than whoever buys.
RETRY_AFTER_SECONDS = {
    Priority.HEALTH: 1,
    Priority.HONORING: 3,
    Priority.KEEPING: 5,
    Priority.PROMISING: 10,
}
#: A form up to this size is sent again by a button of the page.
MOST_RESENT = 64 * KB
_MOST_FIELDS = 200

_FORM = b"application/x-www-form-urlencoded"
#: What sets headers on every answer, whichever address it is of.
_LAYERS: tuple[Callable[[Any], Any], ...] = (
    SecurityHeadersMiddleware,
    XFrameOptionsMiddleware,
    ContentSecurityPolicyMiddleware,
    SecurityMiddleware,
)

type _Fields = list[tuple[str, str]]


def busy(
    scope: Mapping[str, Any],
    headers: Mapping[bytes, bytes],
    body: RequestBody | None,
    priority: Priority,
) -> WholeAnswer:
    """503 with ``Retry-After``: a page, or for htmx a fragment, that carries a form's fields."""
    frame = _Frame(b"hx-request" in headers, scope["path"].startswith(reverse("admin:index")))
    if scope["method"] in {"GET", "HEAD"}:
        page = _visit_page(frame)
    else:
        page = _form_page(frame, [] if body is None else _fields(headers, body))
    return WholeAnswer(
        HTTPStatus.SERVICE_UNAVAILABLE,
        [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"retry-after", str(RETRY_AFTER_SECONDS[priority]).encode()),
            *_safety(),
        ],
        page,
    )


def out_of_bounds(error: BodyTooLarge | BodyTooSlow | LengthInvalid) -> WholeAnswer:
    """The answer to a body that is not taken, in a sentence; the connection is closed."""
    status, sentence = {
        BodyTooLarge: (
            HTTPStatus.CONTENT_TOO_LARGE,
            "This is larger than the shop takes here. Nothing was done: go back, and send less.",
        ),
        BodyTooSlow: (
            HTTPStatus.REQUEST_TIMEOUT,
            "What you sent did not arrive in time. Nothing was done: go back, and send it again.",
        ),
        LengthInvalid: (HTTPStatus.BAD_REQUEST, "The request names a length that is no number."),
    }[type(error)]
    kind = (b"content-type", b"text/plain; charset=utf-8")
    return WholeAnswer(
        status, [kind, (b"connection", b"close"), *_safety()], f"{sentence}\n".encode()
    )


class _Frame(NamedTuple):
    """Where the sentences stand: a page or a fragment of one, for shoppers or for staff."""

    is_htmx: bool
    is_back_office: bool


@cache
def _visit_page(frame: _Frame) -> bytes:
    return _page(frame, {"was_sent": False})


def _form_page(frame: _Frame, fields: _Fields) -> bytes:
    return _page(frame, {"was_sent": True, "typed": fields})


def _page(frame: _Frame, context: dict[str, Any]) -> bytes:
    around = "_fragment.html" if frame.is_htmx else "base.html"
    shown = {"frame": around, "shop_name": settings.SHOP_NAME, **frame._asdict(), **context}
    return render_to_string("errors/busy.html", shown).encode()


class _SecureRequest(HttpRequest):
    """A visit by https."""

    def _get_scheme(self) -> str:
        return "https"


@cache
def _safety() -> Headers:
    """The headers that our middleware sets on every answer: it has not run."""

    def bare(_: HttpRequest) -> HttpResponse:
        return HttpResponse(headers={"Cache-Control": NOT_STORED})

    answer: Any = bare
    for layer in _LAYERS:
        answer = layer(answer)
    headers = answer(_SecureRequest()).headers
    return [
        (name.lower().encode(), str(value).encode())
        for name, value in headers.items()
        if name not in {"Content-Type", "Content-Length"}
    ]


def _fields(headers: Mapping[bytes, bytes], body: RequestBody) -> _Fields:
    """What was sent; nothing of a form that is too large, brings files, or asks a password."""
    if body.size > MOST_RESENT or not headers.get(b"content-type", b"").startswith(_FORM):
        return []
    body.file.seek(0)
    try:
        fields = parse_qsl(
            body.file.read().decode(errors="replace"),
            keep_blank_values=True,
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        return []
    return [] if any("password" in name for name, _ in fields) else fields
