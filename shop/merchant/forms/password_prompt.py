"""The page that asks for the password once more, before a sensitive action.

1. A view that is about to act calls ``require_password``, and so does nothing yet.
2. The page stands at the same address. It carries the form that was sent, as the log-in page does
   (``interrupted_form``): signed, and for its writer alone.
3. With the right password that form is sent again by itself, and the view acts on it.

A file that is asked for by its address comes by itself once the password was right. Files that
were chosen in a form are handed over only once: such a form is sent again by hand.
"""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.datastructures import MultiValueDict
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from shop.core.durations import exact_duration
from shop.merchant.forms.interrupted_form import (
    TYPED_FIELD,
    WRITER_FIELD,
    carried,
    fields_carried,
    writer_of,
)
from shop.staff.confirmations import PasswordNeeded, confirm
from shop.staff.current import staff_of

logger = logging.getLogger(__name__)

PROMPT_FIELD = "password_again"
WRONG = "That is not your password. Nothing is done yet."
SEND_AGAIN = "Thank you. Nothing is done yet: send the form again."

type View = Callable[..., HttpResponseBase]


class PasswordPrompt(forms.Form):
    """The password of who is logged in. Wrong ones count as they do at the log-in."""

    password_again = forms.CharField(
        label="Your password",
        strip=False,
        error_messages={"required": "Type your password."},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    @sensitive_variables("password")
    def clean_password_again(self) -> str:
        """:raises ValidationError: it is not the password of who is logged in"""
        password: str = self.cleaned_data[PROMPT_FIELD]
        person = staff_of(self.request)
        found = authenticate(self.request, username=person.get_username(), password=password)
        if found is None or found.pk != person.pk:
            raise ValidationError(WRONG)
        return password


def ask_for_password(site: AdminSite, view: View) -> View:
    """A view of the back office that may ask for the password once more before it acts."""

    @csrf_protect
    @sensitive_post_parameters(PROMPT_FIELD)
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        prompt = None
        if PROMPT_FIELD in request.POST and site.has_permission(request):
            prompt = PasswordPrompt(request.POST, request=request)
            is_right = _is_right(prompt)
            if is_right and TYPED_FIELD not in request.POST:
                return render(request, "merchant/confirmed.html", _context(site, request))
            if not _take_up(request):
                messages.info(request, SEND_AGAIN if is_right else WRONG)
                return redirect(request.get_full_path())
        try:
            return view(request, *args, **kwargs)
        except PasswordNeeded as needed:
            return _page(site, request, needed, prompt)

    return answer


def _is_right(prompt: PasswordPrompt) -> bool:
    if not prompt.is_valid():
        return False
    confirm(prompt.request)
    logger.info("password confirmed by=%s", staff_of(prompt.request).pk)
    return True


def _take_up(request: HttpRequest) -> bool:
    """Turn a sent password into the request that it was asked for; whether that is possible."""
    fields: QueryDict | None = QueryDict()
    if TYPED_FIELD in request.POST:
        fields = fields_carried(request.POST[TYPED_FIELD], request)
    else:
        request.method = "GET"
    if fields is None:
        return False
    request.POST, request._files = fields, MultiValueDict()  # type: ignore[assignment,attr-defined]
    return True


def _page(
    site: AdminSite, request: HttpRequest, needed: PasswordNeeded, prompt: PasswordPrompt | None
) -> HttpResponse:
    context = _context(site, request) | {
        "title": "Your password, once more",
        "form": prompt or PasswordPrompt(request=request),
        "act": needed.act,
        "way_back": needed.way_back,
        "good_for": exact_duration(settings.STAFF_CONFIRM_SECONDS),
    }
    if request.method == "POST":
        context["typed"] = _carried(request)
    return render(request, "merchant/password_prompt.html", context, status=403)


def _context(site: AdminSite, request: HttpRequest) -> dict[str, Any]:
    return {**site.each_context(request), "title": "Thank you"}


def _carried(request: HttpRequest) -> str:
    """The form as a message; "" where it cannot be carried."""
    if request.FILES:
        return ""
    fields = request.POST.copy()
    fields[WRITER_FIELD] = writer_of(request)
    request.POST = fields  # type: ignore[assignment]
    return carried(request) or ""
