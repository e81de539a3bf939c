"""What anyone of the staff does with their own account, besides Django's pages for it."""

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from shop.staff.current import staff_of


@require_POST
def log_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End all sessions of whoever asks: in this browser and in every other."""
    staff_of(request).end_sessions()
    logout(request)
    messages.success(request, "You are logged out everywhere.")
    return redirect("admin:login")
