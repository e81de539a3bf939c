"""The report's page and its CSV file."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from shop.core.requests import ShopRequest
from shop.merchant.pages import merchant_page
from shop.merchant.reports.report import read_report
from shop.merchant.reports.report_csv import as_csv
from shop.sales.models import Sale


@require_safe
@never_cache
@permission_required("sales.view_sale", raise_exception=True)
def report(request: ShopRequest, slug: str) -> HttpResponse:
    """The report, as a page or with ``?format=csv`` as a file."""
    now = request.now
    sale = get_object_or_404(Sale, slug=slug)
    found = read_report(sale, now)
    if request.GET.get("format") == "csv":
        return _file(f"{sale.slug}-report.csv", as_csv(found))
    return merchant_page(
        request,
        "merchant/report.html",
        f"{sale.title}: report",
        about=sale,
        sale=sale,
        now=now,
        report=found,
        totals=[
            (currency, sums, found.figures.lost.get(currency, 0))
            for currency, sums in found.figures.by_currency.items()
        ],
        disputed=found.figures.disputed,
        refused=found.figures.refused,
        refused_nowhere=found.refused_nowhere,
        not_paid=[(each.status.texts.event, each) for each in found.over],
        under_way=[(each.status.texts.waiting, each) for each in found.open],
    )


def _file(name: str, text: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)
