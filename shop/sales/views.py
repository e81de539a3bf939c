"""The pages that show prices. With a warm showcase they run no query, and they never write."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import SafeString
from django.utils.timezone import get_default_timezone
from django.views.decorators.http import require_safe

from shop.core.page_cache import pages
from shop.core.requests import ShopRequest
from shop.sales.ical import calendar_of
from shop.sales.minting import FrozenOffer, freeze_all
from shop.sales.page_period import page_period
from shop.sales.product_snapshot import ProductSnapshot
from shop.sales.showcase import sale_on_show, showcase
from shop.sales.snapshot import SaleSnapshot, Snapshot


@require_safe
def home(request: ShopRequest) -> HttpResponse:
    """Sales that are live, upcoming and just over."""
    now = request.now
    snapshot = showcase.snapshot(now)
    sales = SimpleLazyObject(partial(snapshot.sales_by_phase, now))
    return pages.response(
        request,
        "sales/home.html",
        source=snapshot,
        now=now,
        period=partial(page_period, snapshot.sales.values(), now),
        shared={"sales": sales},
    )


@require_safe
def sale(request: ShopRequest, slug: str) -> HttpResponse:
    """A sale; while its window is open, every deal with its signed offer."""
    now = request.now
    on_show = sale_on_show(slug, now)
    if on_show is None:
        raise Http404(f"No sale is on show at {slug}.")
    offers: list[FrozenOffer] = []
    if on_show.is_open(now):
        offers = freeze_all(on_show.deals_on_show, request.shopper.id, now)
    return sale_page(request, on_show, offers)


def sale_page(
    request: ShopRequest, on_show: SaleSnapshot, offers: Sequence[FrozenOffer]
) -> HttpResponse:
    """The page of a sale, with offers of its deals if there are any."""
    now = request.now
    return pages.response(
        request,
        "sales/sale.html",
        key=on_show.slug,
        source=on_show,
        now=now,
        period=partial(page_period, [on_show], now),
        shared={
            "sale": on_show,
            "zone": on_show.zone,
            "phase": on_show.phase(now),
            "deals": on_show.deals_on_show if offers else (),
        },
        own=_own(offers),
    )


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
    sale = snapshot.sales.get(best.sale) if best else None
    return pages.response(
        request,
        "sales/product.html",
        key=slug,
        source=snapshot,
        now=now,
        period=partial(page_period, snapshot.sales.values(), now),
        shared={
            "product": on_show,
            "deal": best,
            "sale": sale,
            "zone": sale.zone if sale else get_default_timezone(),
            "upcoming": SimpleLazyObject(partial(_upcoming_with, on_show, snapshot, now)),
        },
        own=_own(freeze_all([best], request.shopper.id, now) if best else []),
    )


@require_safe
def reminder(request: ShopRequest, slug: str) -> HttpResponse:
    """A calendar entry for a sale, to be reminded by one's own calendar."""
    now = request.now
    on_show = sale_on_show(slug, now)
    if on_show is None:
        raise Http404(f"No sale is on show at {slug}.")
    address = request.build_absolute_uri(on_show.url)
    return HttpResponse(calendar_of(on_show, address, now), content_type="text/calendar")


def _own(offers: Sequence[FrozenOffer]) -> dict[str, object]:
    """What one shopper alone is shown of offers: the messages, and until when they are held."""
    if not offers:
        return {}
    # Base64url and dots: there is nothing in a message to escape.
    messages = [SafeString(message) for message, _ in offers]
    return {"offers": messages, "held_until": datetime.fromtimestamp(offers[0][1], UTC)}


def _upcoming_with(
    product: ProductSnapshot, snapshot: Snapshot, now: datetime
) -> list[SaleSnapshot]:
    return [
        sale
        for sale in snapshot.sales_by_phase(now).upcoming
        if any(deal.product.id == product.id for deal in sale.deals_on_show)
    ]
