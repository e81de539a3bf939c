"""The page of a sale's rehearsals: start one, wait for it, and read its report."""

from collections.abc import Collection
from datetime import timedelta

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.csp import CSP
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_http_methods, require_safe

from shop.core.durations import duration
from shop.core.requests import ShopRequest
from shop.merchant.pages import merchant_page
from shop.merchant.rehearsals.runs import TIMEOUT, rehearsals_of, start, terms_of
from shop.qa.rehearsal.sale_export import NothingToRehearse
from shop.sales.models import Sale
from shop.staff.current import staff_of

_HTML = "text/html; charset=utf-8"
#: The picture has its style in itself, and may run and load nothing.
_PICTURE_CSP: dict[str, Collection[str] | str] = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "img-src": ["data:"],
    "sandbox": "",
    "frame-ancestors": [CSP.SELF],
}


class StartForm(forms.Form):
    """Start a rehearsal; ``after`` is the number of the last one when the form was made."""

    after = forms.IntegerField(min_value=0, max_value=1_000_000, widget=forms.HiddenInput)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@permission_required("sales.view_sale", raise_exception=True)
def rehearsal(request: ShopRequest, slug: str) -> HttpResponse:
    """The page. While one runs, htmx asks for it every two seconds, unless ``?still`` is there."""
    sale = get_object_or_404(Sale, slug=slug)
    if request.method == "POST":
        return _start(request, sale)
    rehearsals = rehearsals_of(sale.slug)
    reported = rehearsals.reported
    context = {
        "sale": sale,
        "may_start": request.user.has_perm("sales.change_sale"),
        "form": StartForm(initial={"after": rehearsals.number}),
        "is_still": "still" in request.GET,
        "rehearsals": rehearsals,
        "report": reported.report() if reported else None,
        "is_changed": reported is not None and reported.terms != terms_of(sale),
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
def picture(request: ShopRequest, slug: str, number: int) -> FileResponse:
    """The HTML page of the last report, as a file to which no middleware adds anything."""
    sale = get_object_or_404(Sale, slug=slug)
    reported = rehearsals_of(sale.slug).reported
    if reported is None or reported.number != number:
        raise Http404
    name = f"{sale.slug}-rehearsal.html"
    return FileResponse(reported.picture.open("rb"), filename=name, content_type=_HTML)


def _start(request: ShopRequest, sale: Sale) -> HttpResponseRedirect:
    """Start one, and lead back to the page; an outdated form starts nothing."""
    if not request.user.has_perm("sales.change_sale"):
        raise PermissionDenied
    form = StartForm(request.POST)
    if form.is_valid():
        after, by = form.cleaned_data["after"], staff_of(request).get_username()
        try:
            start(sale.slug, after=after, by=by, terms=terms_of(sale), now=request.now)
        except NothingToRehearse as problem:
            messages.error(request, str(problem))
        except OSError as error:
            messages.error(request, f"It could not be started: {error.strerror}.")
    return redirect("admin:sale_rehearsal", sale.slug)
