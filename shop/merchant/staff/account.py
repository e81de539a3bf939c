"""Everybody's own account: where one is logged in, and the buttons that end that."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.timezone import get_current_timezone
from django.views.decorators.http import require_POST, require_safe

from shop.core.durations import exact_duration
from shop.merchant.pages import merchant_page
from shop.staff.current import staff_of
from shop.staff.open_sessions import OpenSession, end, id_of, open_sessions


@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """The open sessions of who is logged in, the newest first."""
    here = id_of(request.session)
    return merchant_page(
        request,
        "merchant/account.html",
        "Your account",
        sessions=[_row(each, here) for each in reversed(open_sessions(staff_of(request)))],
        zone=get_current_timezone(),
        idle=exact_duration(settings.SESSION_COOKIE_AGE),
        longest=exact_duration(settings.STAFF_SESSION_SECONDS),
    )


def _row(each: OpenSession, here: str) -> dict[str, Any]:
    return {
        "id": each["id"],
        "browser": each["browser"],
        "began_at": datetime.fromtimestamp(each["began_at"], UTC),
        "is_here": each["id"] == here,
    }


@require_POST
def log_out_there(request: HttpRequest) -> HttpResponse:
    """End one of the user's own sessions; ``session`` is its digest."""
    ended = request.POST.get("session", "")
    if ended == id_of(request.session):
        logout(request)
        return redirect("admin:login")
    end(staff_of(request), ended)
    messages.success(request, "You are logged out there.")
    return redirect("admin:account")


@require_POST
def log_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End all sessions of the user, in every browser."""
    staff_of(request).end_sessions()
    logout(request)
    messages.success(request, "You are logged out everywhere.")
    return redirect("admin:login")
