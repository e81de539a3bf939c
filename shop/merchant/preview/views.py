"""The preview: the shop's pages as of any instant, for staff only.

The shop's own views render the pages; ``shop.core.preview`` keeps them from writing. Cookies
have names of their own, so the browser's shopper and bag are neither read nor changed.
"""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import Resolver404, ResolverMatch, resolve, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from shop.core import preview as previewing
from shop.core.cache_headers import NOT_STORED
from shop.core.cookie_names import path_cookie
from shop.core.error_views import not_found
from shop.core.middleware import ShopperMiddleware
from shop.core.requests import ShopRequest
from shop.core.time_fields import WallTimeField, set_zone
from shop.core.wall_time import is_in_range
from shop.core.wall_time_input import WallTimeInput
from shop.merchant.pages import merchant_page
from shop.sales.boundaries import Boundary, boundaries_of
from shop.sales.models import Sale

#: The views that have a preview; any other is a 404 in one.
PREVIEWED = frozenset(
    {
        "sales:home",
        "sales:sale",
        "sales:reminder",
        "sales:product",
        "bag:show",
        "bag:add",
        "bag:update",
        "bag:remove",
        "checkout:checkout",
    }
)


class InstantForm(forms.Form):
    """An instant in the sale's time zone, and the page of the shop to show."""

    at = WallTimeField(label="Day and time")
    page = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, sale: Sale, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_zone(self, sale.zone, now)
        text = f"As 2026-11-27 12:14:59, in the sale’s zone, {sale.time_zone}."
        self.fields["at"].help_text = text

    def clean_page(self) -> str | None:
        """The path of the page without its first slash; None if it has no preview."""
        slash, page = self.cleaned_data["page"][:1], self.cleaned_data["page"][1:]
        return page if slash == "/" and _match(page) else None


@dataclass(frozen=True, slots=True)
class PreviewBar:
    """The bar at the top of every previewed page."""

    at: datetime
    zone: ZoneInfo
    sale: Sale
    page: str
    stops: list[dict[str, Any]]
    form: InstantForm
    choose: str
    way_out: str


@require_safe
@never_cache
@permission_required("sales.view_sale", raise_exception=True)
def choose(request: ShopRequest, slug: str) -> HttpResponse:
    """Choose an instant: one of the sale's boundaries or any other."""
    sale = get_object_or_404(Sale, slug=slug)
    form = InstantForm(request.GET if "at" in request.GET else None, sale=sale, now=request.now)
    if form.is_valid():
        page = form.cleaned_data["page"]
        page = _page_of(sale) if page is None else page
        return redirect(_address(sale, form.cleaned_data["at"], page))
    return merchant_page(
        request,
        "merchant/preview.html",
        f"{sale.title}: preview",
        about=sale,
        sale=sale,
        now=request.now,
        stops=_stops(sale, _page_of(sale)),
        as_now=_address(sale, request.now, _page_of(sale)),
        form=form,
    )


@permission_required("sales.view_sale", raise_exception=True)
def preview(request: ShopRequest, slug: str, at: datetime, page: str = "") -> HttpResponse:
    """One page of the shop, or the response to a form, as of an instant."""
    sale = get_object_or_404(Sale, slug=slug)
    if _match(page) is None and _match(f"{page}/"):
        if request.method != "POST":
            return redirect(request.get_full_path(force_append_slash=True))
        page = f"{page}/"  # A redirect would lose the form.
    inside = copy(request)
    inside.COOKIES = _cookies_inside(request)
    inside.now, inside.preview = at, _bar(sale, at, page)
    root = reverse("admin:preview", args=[slug, at])
    with previewing.on(root):
        response = ShopperMiddleware(lambda each: _answer(each, page))(inside)
    _rename_cookies(response.cookies, reverse("admin:sale_preview", args=[slug]))
    response["Cache-Control"] = NOT_STORED
    response["X-Robots-Tag"] = "noindex"
    return response


def _answer(request: HttpRequest, page: str) -> HttpResponse:
    match = _match(page)
    try:
        if match is None:
            raise Http404(f"There is no preview of {page}.")
        request.resolver_match = match
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    except Http404 as missing:
        return not_found(request, missing)
    return response


def _match(page: str) -> ResolverMatch | None:
    """The view of a page of the shop, if it is one that may be previewed."""
    try:
        match = resolve(f"/{page}")
    except Resolver404:
        return None
    return match if match.view_name in PREVIEWED else None


def _page_of(sale: Sale) -> str:
    return reverse("sales:sale", args=[sale.slug]).removeprefix("/")


def _address(sale: Sale, at: datetime, page: str) -> str:
    if not page:
        return reverse("admin:preview", args=[sale.slug, at])
    return reverse("admin:preview_page", args=[sale.slug, at, page])


def instants_of(sale: Sale) -> Iterator[Boundary]:
    """A sale's boundaries, rounded up to whole seconds."""
    for each in boundaries_of(sale):
        whole = each.at.replace(microsecond=0)
        at = whole if whole == each.at else whole + timedelta(seconds=1)
        if is_in_range(at):
            yield Boundary(at, each.text, each.zone)


def _stops(sale: Sale, page: str) -> list[dict[str, Any]]:
    """The boundaries of a sale, and the address of a page at each."""
    return [
        {"at": each.at, "text": each.text, "address": _address(sale, each.at, page)}
        for each in instants_of(sale)
    ]


def _bar(sale: Sale, at: datetime, page: str) -> PreviewBar:
    # A form's address has no page to show at another instant.
    page = "bag/" if page.startswith("bag/") else page
    return PreviewBar(
        at=at,
        zone=sale.zone,
        sale=sale,
        page=page,
        stops=_stops(sale, page),
        form=_bar_form(sale, at, page),
        choose=reverse("admin:sale_preview", args=[sale.slug]),
        way_out=reverse("admin:sales_sale_change", args=[sale.pk]),
    )


def _bar_form(sale: Sale, at: datetime, page: str) -> InstantForm:
    """The bar's form, in which browsers show a picker."""
    initial = {"at": at, "page": f"/{page}"}
    form = InstantForm(sale=sale, now=at, initial=initial, auto_id="preview-%s")
    picker = form.fields["at"].widget
    assert isinstance(picker, WallTimeInput)
    picker.alone()
    return form


def _cookies_inside(request: HttpRequest) -> dict[str, str]:
    """The cookies of previews, by the names that the shop uses."""
    prefix = _cookie_prefix()
    return {
        name.removeprefix(prefix): value
        for name, value in request.COOKIES.items()
        if name.startswith(prefix)
    }


def _rename_cookies(cookies: SimpleCookie, path: str) -> None:
    """Turn the cookies of a response into session cookies of the preview."""
    for inside, cookie in list(cookies.items()):
        del cookies[inside]
        name = _cookie_prefix() + inside
        cookie.set(name, cookie.value, cookie.coded_value)
        cookie["path"] = path
        if cookie["max-age"] != 0:
            cookie["max-age"] = cookie["expires"] = ""
        cookies[name] = cookie


def _cookie_prefix() -> str:
    """With what the names of a preview's cookies begin in the browser."""
    return path_cookie("preview-", https=settings.HTTPS)
