"""URL patterns of the back office's own pages; all require a login."""

from collections.abc import Callable
from datetime import datetime

from django.contrib.admin import AdminSite
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, register_converter

from shop.core.formatting import utc
from shop.core.wall_time import is_in_range
from shop.merchant.orders import delivery_page
from shop.merchant.preview import views as preview
from shop.merchant.rehearsals import views as rehearsals
from shop.merchant.reports import live_view, report_view
from shop.merchant.sales import outage_answers
from shop.merchant.staff import account
from shop.merchant.staff.log_in_admin import own_log_ins


class InstantConverter:
    """A path segment: a whole second in UTC, from the year 2000 to 2999."""

    regex = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"

    def to_python(self, value: str) -> datetime:
        """:raises ValueError: no such instant, or out of range"""
        instant = datetime.fromisoformat(value)
        if not is_in_range(instant):
            raise ValueError("not from 2000 to 2999")
        return instant

    def to_url(self, instant: datetime) -> str:
        return utc(instant)


register_converter(InstantConverter, "instant")

_PAGES: dict[str, tuple[str, Callable[..., HttpResponseBase]]] = {
    "account": ("account/", account.account),
    "log_out_there": ("account/log-out-there/", account.log_out_there),
    "log_out_everywhere": ("account/log-out-everywhere/", account.log_out_everywhere),
    "own_log_ins": ("account/log-ins/", own_log_ins),
    "delivery_countries": ("delivery/", delivery_page.delivery_page),
    "sale_live": ("sales/<slug:slug>/live/", live_view.live),
    "sale_outage": ("sales/<slug:slug>/outage/", outage_answers.answer_outage),
    "sale_report": ("sales/<slug:slug>/report/", report_view.report),
    "sale_preview": ("sales/<slug:slug>/preview/", preview.choose),
    "preview": ("sales/<slug:slug>/preview/<instant:at>/", preview.preview),
    "preview_page": ("sales/<slug:slug>/preview/<instant:at>/<path:page>", preview.preview),
    "sale_rehearsal": ("sales/<slug:slug>/rehearsal/", rehearsals.rehearsal),
    "sale_rehearsal_picture": (
        "sales/<slug:slug>/rehearsal/<int:number>/picture/",
        rehearsals.picture,
    ),
}


def urls(site: AdminSite) -> list[URLPattern]:
    """The pages that are not part of a model's admin."""
    return [path(route, site.admin_view(view), name=name) for name, (route, view) in _PAGES.items()]
