"""The rehearsal of a sale, as a page: start one, wait for it, and read what it found."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.csp import CSP
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_http_methods, require_safe

from shop.core.durations import duration
from shop.core.requests import ShopRequest
from shop.merchant.pages import merchant_page
from shop.merchant.rehearsals.findings import RehearsalFindings, read_findings
from shop.merchant.rehearsals.runs import TIMEOUT, Rehearsal, Rehearsals, rehearsals_of, start
from shop.merchant.rehearsals.terms_digest import terms_of
from shop.sales.models import Sale
from shop.staff.current import staff_of

_HTML = "text/html; charset=utf-8"
#: The picture has its style in itself, and may do nothing at all.
_PICTURE_CSP: dict[str, Collection[str] | str] = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "img-src": ["data:"],
    "sandbox": "",
    "frame-ancestors": [CSP.SELF],
}


class StartForm(forms.Form):
    """Start a rehearsal; ``after`` is the last one that was there when the form was made."""

    after = forms.IntegerField(min_value=0, max_value=1_000_000, widget=forms.HiddenInput)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@permission_required("sales.view_sale", raise_exception=True)
def rehearsal(request: ShopRequest, slug: str) -> HttpResponse:
    """The page. While one runs, htmx asks for it every two seconds, unless ``?still`` is there."""
    now = timezone.now()
    sale = get_object_or_404(Sale, slug=slug)
    if request.method == "POST":
        return _start(request, sale, now)
    standing = rehearsals_of(sale.slug)
    context = {
        "sale": sale,
        "may_start": request.user.has_perm("sales.change_sale"),
        "form": StartForm(initial={"after": standing.number}),
        "is_still": "still" in request.GET,
        "problem": standing.problem,
        "running": _running(standing, sale),
        "told": _told(standing, sale),
        "at_most": duration(timedelta(seconds=TIMEOUT)),
    }
    if request.htmx:
        return render(request, "merchant/rehearsal.html#fragment", context)
    title = f"{sale.title}: rehearsal"
    return merchant_page(request, "merchant/rehearsal.html", title, about=sale, **context)


@require_safe
@never_cache
@xframe_options_sameorigin
@csp_override(_PICTURE_CSP)
@permission_required("sales.view_sale", raise_exception=True)
def picture(request: HttpRequest, slug: str, number: int) -> FileResponse:
    """The picture that a rehearsal drew, as a file: what is put into pages is not put into it."""
    sale = get_object_or_404(Sale, slug=slug)
    told = rehearsals_of(sale.slug).told
    if told is None or told.number != number:
        raise Http404
    name = f"{sale.slug}-rehearsal.html"
    return FileResponse(told.picture.open("rb"), filename=name, content_type=_HTML)


def _start(request: HttpRequest, sale: Sale, now: datetime) -> HttpResponseRedirect:
    """Start one, and lead back to the page; a form that is out of date starts nothing."""
    if not request.user.has_perm("sales.change_sale"):
        raise PermissionDenied
    form = StartForm(request.POST)
    if form.is_valid():
        after, by = form.cleaned_data["after"], staff_of(request).get_username()
        try:
            start(sale.slug, after=after, by=by, terms=terms_of(sale), now=now)
        except OSError as error:
            messages.error(request, f"It could not be started: {error.strerror}.")
    return redirect("admin:sale_rehearsal", sale.slug)


@dataclass(frozen=True, slots=True)
class Running:
    """The one that runs: since when by the clock of the sale's zone, and how long so far."""

    since: str
    so_far: str
    by: str


@dataclass(frozen=True, slots=True)
class Told:
    """The last one that found something, and whether the sale is still what it was then."""

    rehearsal: Rehearsal
    findings: RehearsalFindings
    is_changed: bool


def _running(standing: Rehearsals, sale: Sale) -> Running | None:
    if (each := standing.running) is None:
        return None
    since = f"{each.started_at.astimezone(sale.zone):%H:%M:%S}"
    return Running(since, duration(timedelta(seconds=each.seconds)), each.started_by)


def _told(standing: Rehearsals, sale: Sale) -> Told | None:
    found = standing.told.found() if standing.told else None
    if standing.told is None or found is None:
        return None
    return Told(standing.told, read_findings(found), standing.told.terms != terms_of(sale))
