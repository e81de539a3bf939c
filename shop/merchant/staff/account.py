"""Views of a member of staff's own account, besides Django's."""

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from shop.staff.current import staff_of


@require_POST
def log_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End all sessions of the user, in every browser."""
    staff_of(request).end_sessions()
    logout(request)
    messages.success(request, "You are logged out everywhere.")
    return redirect("admin:login")
