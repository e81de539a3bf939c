"""The live sale room: the figures of a running sale."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from shop.core.formatting import second
from shop.core.money import format_money
from shop.core.requests import ShopRequest
from shop.merchant.pages import merchant_page
from shop.merchant.reports.live_chart import by_minute
from shop.merchant.reports.live_queries import Figures, amounts, figures_of
from shop.merchant.reports.svg_chart import percent
from shop.merchant.sales.sale_status import status_of
from shop.orders.hoarding import largest_hoards
from shop.sales.availability import DealNow
from shop.sales.hold_end import holds_of
from shop.sales.models import Sale

#: How many of the networks that keep the most unpaid are shown.
HOARDS_SHOWN = 5


@require_safe
@never_cache
@permission_required("sales.view_sale", raise_exception=True)
def live(request: ShopRequest, slug: str) -> HttpResponse:
    """The live sale room. htmx reloads it every two seconds, unless ``?still`` is set."""
    sale = get_object_or_404(Sale, slug=slug)
    context = {**_figures(sale, request.now), "is_still": "still" in request.GET}
    if request.htmx:
        return render(request, "merchant/live.html#fragment", context)
    title = f"{sale.title}: live sale room"
    return merchant_page(request, "merchant/live.html", title, about=sale, **context)


def _figures(sale: Sale, now: datetime) -> dict[str, Any]:
    figures = figures_of(sale)
    holds = holds_of(sale)
    held_until = holds.last_end
    summed = ("revenue", "discount", "refunded", "late_revenue", "late_discount")
    return {
        "sale": sale,
        "now": now,
        "read_at": second(now, sale.zone),
        "refusals_written_every": settings.REFUSALS_WRITTEN_EVERY,
        "held_until": held_until,
        # One that was taken down before it opened never held a price.
        "is_held": max(now, sale.starts_at) < held_until,
        "status": status_of(sale, held_until, now),
        "figures": figures,
        "total": figures.total,
        **{name: amounts(figures.by_currency, name) for name in summed},
        "under_way": [(each.status.texts.waiting, each) for each in figures.under_way],
        "units_under_way": sum(each.units for each in figures.under_way),
        "hoards": _hoards(figures, now),
        "unpaid_per_network": settings.UNPAID_PER_NETWORK,
        "deals": [_deal_row(each) for each in figures.deals],
        "disputed": figures.disputed,
        "lost": [format_money(amount, code) for code, amount in sorted(figures.lost.items())],
        "refused": figures.refused,
        "refused_nowhere": figures.refused_nowhere,
        "chart": by_minute(sale, figures.by_minute, holds, now),
    }


def _hoards(figures: Figures, now: datetime) -> list[dict[str, Any]]:
    """What single networks keep unpaid of the sale's products, and whether they get no more."""
    most = settings.UNPAID_PER_NETWORK
    products = {each.deal.product_id for each in figures.deals}
    hoards = largest_hoards(products, now, number=HOARDS_SHOWN) if most else []
    return [{"hoard": each, "is_refused": each.units >= most} for each in hoards]


def _deal_row(each: DealNow) -> dict[str, Any]:
    """A deal with its formatted prices, and the width of the bar of its used units.

    Units of the same stock that other sales claimed count as used.
    """
    deal, currency = each.deal, each.deal.product.currency
    used = each.supply - each.left
    return {
        "now": each,
        "amount": format_money(deal.price, currency),
        "was": format_money(deal.was, currency) if deal.was and deal.was > deal.price else "",
        "width": percent(used * 10_000 // each.supply if each.supply else 10_000),
    }
