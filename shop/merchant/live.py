"""The live sale room: what happens in a sale now, refreshed while somebody looks."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from shop.merchant.agenda import DealNow
from shop.merchant.charts import percent
from shop.merchant.figures import amounts, figures_of, last_hold
from shop.merchant.live_chart import by_minute
from shop.merchant.wordings import UNDER_WAY, duration, refused
from shop.money import format_money
from shop.sales.models import Sale

#: The last minutes of a sale, which are told in red.
LAST = timedelta(minutes=2)

_OFF: dict[str, str] = {Sale.State.DRAFT: "Hidden", Sale.State.CANCELED: "Canceled"}


@require_safe
@never_cache
@permission_required("sales.view_sale", raise_exception=True)
def live(request: HttpRequest, slug: str) -> HttpResponse:
    """The room; what changes in it, by htmx every two seconds, unless ``?still`` is asked for."""
    now = timezone.now()
    sale = get_object_or_404(Sale, slug=slug)
    figures = figures_of(sale)
    held_until = last_hold(sale)
    context = {
        "sale": sale,
        "now": now,
        "title": f"{sale.title}: live",
        "read_at": f"{now.astimezone(sale.zone):%H:%M:%S}",
        "is_still": "still" in request.GET,
        "refusals_written_every": settings.REFUSALS_WRITTEN_EVERY,
        "held_until": held_until,
        "standing": standing(sale, held_until, now),
        "figures": figures,
        "total": figures.total,
        "revenue": amounts(figures.by_currency, "revenue"),
        "discount": amounts(figures.by_currency, "discount"),
        "refunded": amounts(figures.by_currency, "refunded"),
        "late_revenue": amounts(figures.by_currency, "late_revenue"),
        "late_discount": amounts(figures.by_currency, "late_discount"),
        "under_way": [(UNDER_WAY[each.status], each) for each in figures.under_way],
        "units_under_way": sum(each.units for each in figures.under_way),
        "deals": [deal_row(each) for each in figures.deals],
        "refused": refused(figures.refused),
        "refused_nowhere": refused(figures.refused_nowhere),
        "chart": by_minute(sale, figures.by_minute, held_until, now),
    }
    if request.headers.get("HX-Request"):
        return render(request, "merchant/live.html#fragment", context)
    return render(request, "merchant/live.html", {**admin.site.each_context(request), **context})


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a sale stands by the clock, in words; ``name`` is one for the stylesheet."""

    name: str
    figure: str
    text: str


def standing(sale: Sale, held_until: datetime, now: datetime) -> Standing:
    """What there is to say of a sale's time at an instant, by the server's clock."""
    is_on = sale.state == Sale.State.PUBLISHED
    if sale.published_at is None:
        return Standing("quiet", "Draft", "Nobody sees it, and nothing is sold.")
    if now < sale.starts_at:
        if not is_on:
            return Standing("quiet", _OFF[sale.state], "It is not going to open.")
        return Standing("quiet", duration(sale.starts_at - now), "until it opens")
    if now < sale.ends_at and is_on:
        left = sale.ends_at - now
        return Standing("ending" if left <= LAST else "live", duration(left), "left")
    if now < held_until:
        figure = "Closed" if is_on else _OFF[sale.state]
        return Standing("held", figure, f"Prices are held for {duration(held_until - now)} more.")
    return Standing("quiet", "Over", "No price of it is held any more.")


@dataclass(frozen=True, slots=True)
class DealRow:
    """A deal in the room: how much of it is taken, and how wide that is in a picture."""

    now: DealNow
    price: str
    was: str
    taken: int
    width: str


def deal_row(each: DealNow) -> DealRow:
    """A deal and its supply. What other sales took of the same stock is taken too."""
    deal, currency = each.deal, each.deal.product.currency
    taken = each.supply - each.left
    return DealRow(
        now=each,
        price=format_money(deal.price, currency),
        was=format_money(deal.was, currency) if deal.was and deal.was > deal.price else "",
        taken=taken,
        width=percent(taken * 10_000 // each.supply if each.supply else 10_000),
    )
