"""Error pages."""

import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from shop.core.outages import is_outage
from shop.core.unavailable import unavailable
from shop.core.unreadable import Unreadable


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, with the reason where it is a sentence of ours; without context, as any may be missing.

    What Django says of a request is for the log alone.
    """
    reason = str(exception) if isinstance(exception, Unreadable) else ""
    is_staffs = request.path.startswith(reverse("admin:index"))
    context = {"reason": reason, "is_staffs": is_staffs}
    return render(request, "errors/400.html", context, status=400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: there is no such page."""
    return render(request, "errors/404.html", status=404)


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403 for someone without the permission, or with the reason why nobody has it."""
    return render(request, "errors/403.html", {"reason": str(exception)}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """500; without context, as anything may be broken. 503 where the database is away.

    What a view meets is answered by ``UnavailableMiddleware``; what a middleware meets, here.
    """
    error = sys.exception()
    if error is not None and is_outage(error):
        return unavailable(request, error)
    return render(request, "errors/500.html", status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose CSRF cookie is missing."""
    return cookies_needed(request)


def cookies_needed(request: HttpRequest) -> HttpResponse:
    """403 for a browser that keeps no cookies, and so no bag."""
    return render(request, "errors/cookies.html", status=403)
