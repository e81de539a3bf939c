"""The answer of a shop that cannot answer now: 503, and when to come again (RFC 9110, 15.6.4).

Nothing that was typed is lost: where a form was sent, the page carries its fields, to be sent again
by one button. Only passwords, and what may be used once, have to be entered anew.
"""

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from shop.core.outages import Busy, is_of_disk

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 10
#: A sale of two hundred deals takes some 200,000.
MOST_CHARACTERS = 1_000_000
#: Fields that are not sent again: the page has a CSRF token of its own, a card's token is for once.
_FOR_ONCE = frozenset({"csrfmiddlewaretoken", "confirmation_token"})


def unavailable(request: HttpRequest, error: BaseException) -> HttpResponse:
    """503: a page, for htmx a fragment of it, and plain text for machines."""
    if _is_of_machines(request):
        response = HttpResponse("Try again later.", status=503, content_type="text/plain")
    else:
        context: dict[str, Any] = {
            "is_back_office": request.path.startswith(reverse("admin:index")),
            "is_of_disk": is_of_disk(error),
            "busy_with": str(error) if isinstance(error, Busy) else "",
            "was_sent": request.method == "POST",
            "typed": typed_fields(request),
            "has_files": request.method == "POST" and bool(request.FILES),
        }
        response = render(request, "errors/503.html", context, status=503)
    return come_again(request, response, error)


def come_again(request: HttpRequest, response: HttpResponse, error: BaseException) -> HttpResponse:
    """A response of 503 which says when to come again; one line of the log tells of it."""
    logger.error("%s %s is not answered", request.method, request.path, exc_info=error)
    # By Django, which would add a line.
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _is_of_machines(request: HttpRequest) -> bool:
    """Whether no browser sends such requests: their addresses ask for no CSRF token."""
    match = request.resolver_match
    return match is not None and getattr(match.func, "csrf_exempt", False)


def typed_fields(request: HttpRequest) -> list[tuple[str, str]]:
    """The fields of a form that was sent, to be sent again; none of one that asks a password."""
    if request.method != "POST" or any("password" in name for name in request.POST):
        return []
    lists = [(name, values) for name, values in request.POST.lists() if name not in _FOR_ONCE]
    fields = [(name, str(value)) for name, values in lists for value in values]
    is_short = sum(len(name) + len(value) for name, value in fields) <= MOST_CHARACTERS
    return fields if is_short else []
