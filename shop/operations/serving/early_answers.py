"""Answers that take no thread: to a request that is out of bounds, or too many.

None of them has begun what was asked for, so a form can be sent again as it was, its tokens too.
"""

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.csp import build_policy

from shop.operations.serving.addresses import KB, Priority
from shop.operations.serving.request_bodies import (
    BodyTooLarge,
    BodyTooSlow,
    LengthInvalid,
    RequestBody,
)
from shop.operations.serving.wsgi_calls import WholeAnswer

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

type _Fields = list[tuple[str, str]]


def busy(
    scope: Mapping[str, Any],
    headers: Mapping[bytes, bytes],
    body: RequestBody | None,
    priority: Priority,
) -> WholeAnswer:
    """503 with ``Retry-After``: a page, or for htmx a fragment, that carries a form's fields."""
    is_visit = scope["method"] in {"GET", "HEAD"}
    is_htmx = b"hx-request" in headers
    fields = [] if is_visit or body is None else _fields(headers, body)
    page = _visit_page(is_htmx) if is_visit else _form_page(is_htmx, fields)
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


@cache
def _visit_page(is_htmx: bool) -> bytes:
    return _page(is_htmx, {"was_sent": False})


def _form_page(is_htmx: bool, fields: _Fields) -> bytes:
    return _page(is_htmx, {"was_sent": True, "typed": fields})


def _page(is_htmx: bool, context: dict[str, Any]) -> bytes:
    frame = "_fragment.html" if is_htmx else "base.html"
    shown = {"frame": frame, "is_htmx": is_htmx, "shop_name": settings.SHOP_NAME, **context}
    return render_to_string("errors/busy.html", shown).encode()


@cache
def _safety() -> tuple[tuple[bytes, bytes], ...]:
    """What middleware would add; it has not run."""
    policy = build_policy(settings.SECURE_CSP)
    return (
        (b"cache-control", b"no-store"),
        (b"content-security-policy", policy.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
    )


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
