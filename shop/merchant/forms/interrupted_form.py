"""Forms that are sent when their writer has been logged out meanwhile: nothing typed is lost.

1. The page of a restorable form names its writer in a hidden field, ``typed_by``.
2. A form that comes without a log-in is answered by the log-in page, at the same address. That
   page carries what was typed as a signed message in another hidden field, ``typed``.
3. Who logs in there sees the form as it was typed, if they are its writer. Nothing of it is saved
   until they send it again.

The browser alone keeps it: there is no table and no session of it. The message is readable by its
bearer, who typed it; files and passwords are never in it. The CSRF token is checked each time.
"""

from collections.abc import Callable
from copy import copy
from functools import wraps
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.datastructures import MultiValueDict
from django.views.decorators.csrf import csrf_protect

from offers import conf, tokens
from shop.core.read_only import WouldWrite, only_reading

WRITER_FIELD, TYPED_FIELD = "typed_by", "typed"
#: Marks data that is shown as it was typed, and must not be acted on.
SHOWN_AGAIN = "typed_before_log_in"
#: A sale of two hundred deals takes some 200,000.
MOST_CHARACTERS = 1_000_000

AGAIN = "You are logged in again. What you wrote is still here, and nothing of it is saved yet."
CHOOSE_FILES_AGAIN = "Choose the picture or file again: a browser hands it over only once."
NOT_SHOWN = "What you wrote cannot be shown here again. Nothing of it is saved."
NOT_YOURS = "Somebody else wrote here before you logged in. It is not shown, and nothing is saved."

TYPED = tokens.Kind(
    typ="typed+jwt",
    audience="back office",
    claims={
        "path": lambda value: isinstance(value, str),
        "fields": lambda value: isinstance(value, str),
        "has_files": lambda value: isinstance(value, bool),
    },
    most_characters=MOST_CHARACTERS,
)

type View = Callable[..., HttpResponseBase]


class RestorableFormMixin(forms.BaseForm):
    """A form whose typed values outlive a log-out; shown again, it is not valid, and not wrong."""

    is_restorable = True

    def is_valid(self) -> bool:
        """Whether it may be acted on."""
        return super().is_valid() and SHOWN_AGAIN not in self.data


def writer_of(request: HttpRequest) -> str:
    """What ``typed_by`` says in the forms of who is logged in: equal for one person alone."""
    return salted_hmac(__name__, str(request.user.pk), algorithm="sha256").hexdigest()


def keep_what_was_typed(site: AdminSite, view: View) -> View:
    """A view of the back office that loses no restorable form to a log-out."""

    @csrf_protect
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if site.has_permission(request):
            return view(request, *args, **kwargs)
        if _is_part_of_a_page(request):
            # The log-in page would stand in its place, between what is being typed.
            nothing = HttpResponse(status=HTTPStatus.NO_CONTENT)
            add_never_cache_headers(nothing)
            return nothing
        if request.method != "POST":
            return view(request, *args, **kwargs)
        if TYPED_FIELD in request.POST:
            return _log_in(site, request, lambda: view(request, *args, **kwargs))
        if WRITER_FIELD not in request.POST:
            return view(request, *args, **kwargs)
        return _ask_to_log_in(site, request) or view(request, *args, **kwargs)

    return answer


def _is_part_of_a_page(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of a page that stands at another address."""
    if "HX-Request" not in request.headers:
        return False
    try:
        page = urlsplit(request.headers.get("HX-Current-URL", "")).path
    except ValueError:
        return True
    return page != request.path


def carried(request: HttpRequest) -> str | None:
    """The form of a request as a signed message for its address; None if that is too long."""
    fields = request.POST.copy()
    fields.pop("csrfmiddlewaretoken", None)
    claims = {
        "path": request.get_full_path(),
        "fields": fields.urlencode(),
        "has_files": any(isinstance(each, UploadedFile) for each in request.FILES.values()),
    }
    typed = tokens.sign(TYPED, claims, conf.site_ring().active)
    return typed if len(typed) <= MOST_CHARACTERS else None


def fields_carried(typed: str, request: HttpRequest) -> QueryDict | None:
    """The fields of a form that who is logged in has typed at this address; None if it is not."""
    claims = _read(typed, request)
    return None if claims is None else _fields_of_writer(claims, request)


def _fields_of_writer(claims: tokens.Claims, request: HttpRequest) -> QueryDict | None:
    fields = QueryDict(claims["fields"], mutable=True)
    is_theirs = constant_time_compare(fields.get(WRITER_FIELD, ""), writer_of(request))
    return fields if is_theirs else None


def _ask_to_log_in(site: AdminSite, request: HttpRequest) -> HttpResponseBase | None:
    """The log-in page with what was typed (403); None where that is too long to be carried."""
    typed = carried(request)
    if typed is None:
        return None
    visit = copy(request)
    visit.method = "GET"
    page = _log_in_page(site, visit, typed)
    page.status_code = 403
    return page


def _log_in(
    site: AdminSite, request: HttpRequest, show: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """Log in; then show the form as it was typed, to its writer."""
    typed = request.POST[TYPED_FIELD]
    page = _log_in_page(site, request, typed)
    if not site.has_permission(request):
        return page
    claims = _read(typed, request)
    if claims is None or (fields := _fields_of_writer(claims, request)) is None:
        messages.warning(request, NOT_YOURS)
        return redirect(request.get_full_path())
    fields[SHOWN_AGAIN] = "1"
    request.POST, request._files = fields, MultiValueDict()  # type: ignore[assignment,attr-defined]
    messages.info(request, AGAIN)
    if claims["has_files"]:
        messages.warning(request, CHOOSE_FILES_AGAIN)
    return _shown(request, show)


def _shown(request: HttpRequest, show: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """The page of a form, of which nothing is written even if a view does not see the mark."""
    try:
        with only_reading():
            page = show()
            if isinstance(page, TemplateResponse):
                page.render()
    except WouldWrite:
        messages.warning(request, NOT_SHOWN)
        return redirect(request.get_full_path())
    return page


def _log_in_page(site: AdminSite, request: HttpRequest, typed: str) -> HttpResponse:
    extra = {TYPED_FIELD: typed, "app_path": request.get_full_path()}
    page: HttpResponse = site.login(request, extra_context=extra)
    return page


def _read(typed: str, request: HttpRequest) -> tokens.Claims | None:
    """What was typed at this address; None for a message that is not ours, or from another."""
    try:
        claims = tokens.read(typed, TYPED, conf.site_ring())
    except tokens.Unreadable:
        return None
    return claims if claims["path"] == request.get_full_path() else None
