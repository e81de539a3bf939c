"""The pages for when something is wrong: what happened, and a way on."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """There is no such page."""
    return render(request, "errors/404.html", status=404)


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page is there, and not for this person."""
    return render(request, "errors/403.html", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Something broke; the page asks nothing of what may be broken."""
    return render(request, "errors/500.html", status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form came without the cookie that belongs to it."""
    return cookies_needed(request)


def cookies_needed(request: HttpRequest) -> HttpResponse:
    """This browser does not keep what the shop gives it, so it cannot carry a bag."""
    return render(request, "errors/cookies.html", status=403)
