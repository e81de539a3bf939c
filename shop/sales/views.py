"""The pages that show prices. With a warm showcase they run no query, and they never write."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import get_default_timezone
from django.views.decorators.http import require_safe

from shop.core.requests import ShopRequest
from shop.sales.ical import calendar_of
from shop.sales.minting import offers_for
from shop.sales.showcase import sale_on_show, showcase


@require_safe
def home(request: ShopRequest) -> HttpResponse:
    """Sales that are live, upcoming and just over."""
    now = request.now
    sales = showcase.snapshot(now).sales_by_phase(now)
    return render(request, "sales/home.html", {"sales": sales, "now": now})


@require_safe
def sale(request: ShopRequest, slug: str) -> HttpResponse:
    """A sale; while its window is open, every deal with its signed offer."""
    now = request.now
    on_show = sale_on_show(slug, now)
    if on_show is None:
        raise Http404(f"No sale is on show at {slug}.")
    offers = []
    if on_show.is_open(now):
        offers = offers_for(on_show.deals_on_show, request.shopper.id, now)
    context = {"sale": on_show, "phase": on_show.phase(now), "offers": offers, "now": now}
    return render(request, "sales/sale.html", context)


@require_safe
def product(request: ShopRequest, slug: str) -> HttpResponse:
    """A product, with an offer at what it costs now: in a sale of it, or at its list price."""
    now = request.now
    snapshot = showcase.snapshot(now)
    on_show = snapshot.product_at(slug)
    if on_show is None:
        raise Http404(f"No product is on show at {slug}.")
    if on_show.slug != slug:
        return redirect("sales:product", on_show.slug, permanent=True)
    best = snapshot.best_deal(on_show.sku, now)
    offers = offers_for([best] if best else [], request.shopper.id, now)
    sale = snapshot.sales.get(best.sale) if best else None
    context = {
        "product": on_show,
        "offer": offers[0] if offers else None,
        "sale": sale,
        "zone": sale.zone if sale else get_default_timezone(),
        "upcoming": [
            sale
            for sale in snapshot.sales_by_phase(now).upcoming
            if any(deal.product is on_show for deal in sale.deals_on_show)
        ],
        "now": now,
    }
    return render(request, "sales/product.html", context)


@require_safe
def reminder(request: ShopRequest, slug: str) -> HttpResponse:
    """A calendar entry for a sale, to be reminded by one's own calendar."""
    now = request.now
    on_show = sale_on_show(slug, now)
    if on_show is None:
        raise Http404(f"No sale is on show at {slug}.")
    address = request.build_absolute_uri(on_show.url)
    return HttpResponse(calendar_of(on_show, address, now), content_type="text/calendar")
