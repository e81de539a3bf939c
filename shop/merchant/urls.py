"""URL patterns of the back office's own pages; all require a login."""

from django.contrib.admin import AdminSite
from django.urls import URLPattern, path, register_converter

from shop.merchant.preview import views as preview
from shop.merchant.preview.instants import InstantConverter
from shop.merchant.rehearsals import views as rehearsals
from shop.merchant.reports import live_view, report_view
from shop.merchant.staff import account

register_converter(InstantConverter, "instant")


def urls(site: AdminSite) -> list[URLPattern]:
    """The pages that are not part of a model's admin."""
    return [
        path(
            "account/log-out-everywhere/",
            site.admin_view(account.log_out_everywhere),
            name="log_out_everywhere",
        ),
        path("sales/<slug:slug>/live/", site.admin_view(live_view.live), name="sale_live"),
        path("sales/<slug:slug>/report/", site.admin_view(report_view.report), name="sale_report"),
        path("sales/<slug:slug>/preview/", site.admin_view(preview.choose), name="sale_preview"),
        path(
            "sales/<slug:slug>/preview/<instant:at>/",
            site.admin_view(preview.preview),
            name="preview",
        ),
        path(
            "sales/<slug:slug>/preview/<instant:at>/<path:page>",
            site.admin_view(preview.preview),
            name="preview_page",
        ),
        path(
            "sales/<slug:slug>/rehearsal/",
            site.admin_view(rehearsals.rehearsal),
            name="sale_rehearsal",
        ),
        path(
            "sales/<slug:slug>/rehearsal/<int:number>/picture/",
            site.admin_view(rehearsals.picture),
            name="sale_rehearsal_picture",
        ),
    ]
