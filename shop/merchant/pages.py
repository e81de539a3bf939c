"""The addresses of the back office's own pages, all behind the site's log-in."""

from django.contrib.admin import AdminSite
from django.urls import URLPattern, path

from shop.merchant import account, live, report


def urls(site: AdminSite) -> list[URLPattern]:
    """Every page that is not one of a model's own."""
    return [
        path(
            "account/log-out-everywhere/",
            site.admin_view(account.log_out_everywhere),
            name="log_out_everywhere",
        ),
        path("sales/<slug:slug>/live/", site.admin_view(live.live), name="sale_live"),
        path("sales/<slug:slug>/report/", site.admin_view(report.report), name="sale_report"),
    ]
