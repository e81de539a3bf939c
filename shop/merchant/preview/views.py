"""The preview: the shop's pages as they will be at any instant, for staff alone.

The pages are made by the shop's own views. What a preview must not do is in
``shop.core.preview``; here is what it looks like from outside. Everything of it is
under the sale's address and the instant's, and its cookies are its own: the
browser's shopper and bag are neither seen nor touched.
"""

from copy import copy
from dataclasses import dataclass
from datetime import datetime
from http.cookies import SimpleCookie
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import Resolver404, ResolverMatch, resolve, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from shop.core import preview as previewing
from shop.core.error_views import not_found
from shop.core.middleware import ShopperMiddleware
from shop.core.requests import ShopRequest
from shop.merchant.forms.time_fields import WallTimeField
from shop.merchant.pages import merchant_page
from shop.merchant.preview.instants import instants_of
from shop.sales.models import Sale

#: The views that have a preview. Whatever is not here is not found in one.
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
#: What the names of a preview's cookies begin with, outside of it.
COOKIE_PREFIX = "preview-"


class InstantForm(forms.Form):
    """Where to go: an instant by the sale's wall, and the page to look at."""

    at = WallTimeField(label="Day and time")
    page = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, sale: Sale, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        at = self.fields["at"]
        assert isinstance(at, WallTimeField)
        at.zone = sale.zone
        at.help_text = f"As 2026-11-27 12:14:59, in the sale’s zone, {sale.time_zone}."

    def clean_page(self) -> str | None:
        """The page to look at, by its path in the shop; None where it has no preview."""
        slash, page = self.cleaned_data["page"][:1], self.cleaned_data["page"][1:]
        return page if slash == "/" and _match(page) else None


@dataclass(frozen=True, slots=True)
class Stop:
    """An instant of the sale to go to, on the page that one looks at."""

    at: datetime
    text: str
    address: str


@dataclass(frozen=True, slots=True)
class PreviewBar:
    """What stands on top of every previewed page."""

    at: datetime
    zone: ZoneInfo
    sale: Sale
    page: str
    stops: tuple[Stop, ...]
    choose: str
    way_out: str


@require_safe
@never_cache
@permission_required("sales.view_sale", raise_exception=True)
def choose(request: ShopRequest, slug: str) -> HttpResponse:
    """Choose an instant: one at which something happens, or any other."""
    sale = get_object_or_404(Sale, slug=slug)
    form = InstantForm(request.GET if "at" in request.GET else None, sale=sale)
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
    """One page of the shop, or one answer to a form, as it will be at an instant."""
    sale = get_object_or_404(Sale, slug=slug)
    inside = copy(request)
    inside.COOKIES = _cookies_inside(request)
    inside.now, inside.preview = at, _bar(sale, at, page)
    root = reverse("admin:preview", args=[slug, at])
    with previewing.on(root):
        response = ShopperMiddleware(lambda each: _answer(each, page))(inside)
    _set_apart(response.cookies, reverse("admin:sale_preview", args=[slug]))
    response["Cache-Control"] = "private, no-store"
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


def _stops(sale: Sale, page: str) -> tuple[Stop, ...]:
    return tuple(
        Stop(each.at, each.text, _address(sale, each.at, page)) for each in instants_of(sale)
    )


def _bar(sale: Sale, at: datetime, page: str) -> PreviewBar:
    # What answers a form cannot be asked for again: its page can.
    page = "bag/" if page.startswith("bag/") else page
    return PreviewBar(
        at=at,
        zone=sale.zone,
        sale=sale,
        page=page,
        stops=_stops(sale, page),
        choose=reverse("admin:sale_preview", args=[sale.slug]),
        way_out=reverse("admin:sales_sale_change", args=[sale.pk]),
    )


def _cookies_inside(request: HttpRequest) -> dict[str, str]:
    """The cookies of previews, under the names that the shop knows."""
    return {
        name.removeprefix(COOKIE_PREFIX): value
        for name, value in request.COOKIES.items()
        if name.startswith(COOKIE_PREFIX)
    }


def _set_apart(cookies: SimpleCookie, path: str) -> None:
    """Give what a preview sets names of its own, a path of its own, and the session's length."""
    for name, cookie in list(cookies.items()):
        del cookies[name]
        cookie.set(COOKIE_PREFIX + name, cookie.value, cookie.coded_value)
        cookie["path"] = path
        if cookie["max-age"] != 0:
            cookie["max-age"] = cookie["expires"] = ""
        cookies[COOKIE_PREFIX + name] = cookie
