"""The start page: live, next and past sales, alerts, offer keys, and the steps to a first sale."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from offers import conf
from offers.keys import KeyRingError, KeyStatus
from shop.catalog.models import Product
from shop.core.requests import ShopRequest
from shop.merchant.dashboard.alerts import alerts
from shop.merchant.dashboard.schedule import schedule
from shop.merchant.pages import merchant_page
from shop.payments.stripe_outages import stripe_outages
from shop.sales.models import Deal, Sale
from shop.sales.outage_watch import shop_outages
from shop.staff.current import staff_of
from shop.staff.models import Staff


@dataclass(frozen=True, slots=True)
class Step:
    """One step to the first sale, with a link to its page."""

    title: str
    text: str
    address: str
    is_done: bool = False


def start_page(request: ShopRequest) -> HttpResponse:
    """The start page, by the permissions of who is logged in."""
    staff, now = staff_of(request), request.now
    for watch in (shop_outages, stripe_outages):
        # What this process knows of outages is told too.
        watch.flush(now)
    sales = schedule(now)
    return merchant_page(
        request,
        "merchant/today.html",
        "Today",
        now=now,
        schedule=sales if staff.has_perm("sales.view_sale") else None,
        alerts=alerts(sales, staff, now),
        steps=_first_steps(staff),
        keys=_keys() if staff.has_perm("staff.view_staff") else None,
    )


def _first_steps(staff: Staff) -> list[Step]:
    """The steps to the first sale; none once one was published, or without permission."""
    if not staff.has_perm("sales.add_sale"):
        return []
    if Sale.objects.exclude(published_at=None).exists():
        return []
    has_product = Product.objects.exists()
    sale = Sale.objects.exclude(state=Sale.State.CANCELED).order_by("-pk").first()
    has_deals = sale is not None and Deal.objects.filter(sale=sale).exists()
    change_sale = reverse("admin:sales_sale_add")
    if sale:
        change_sale = reverse("admin:sales_sale_change", args=[sale.pk])
    return [
        Step(
            "Add a product",
            "A name, a price, a picture, and how many there are.",
            reverse("admin:catalog_product_add"),
            has_product,
        ),
        Step(
            "Make a sale",
            "When it opens and closes, in which time zone, and how long a shown price is held.",
            change_sale,
            sale is not None,
        ),
        Step("Put deals into it", "Products at their price in the sale.", change_sale, has_deals),
        Step(
            "Look at it as shoppers will",
            "The preview shows its page at any hour; nothing that it shows can be bought.",
            reverse("admin:sale_preview", args=[sale.slug]) if sale else change_sale,
        ),
        Step("Publish it", "From then on the page is there, and opens by the clock.", change_sale),
    ]


def _keys() -> dict[str, Any] | None:
    """The ids of the offer keys in use, by status; None if there are none to use."""
    try:
        keys = conf.OFFERS.configured()
    except KeyRingError:
        return None
    own = [key for key in keys.values() if key.issuer == keys.active.issuer]
    partners = [key for key in keys.values() if key.issuer != keys.active.issuer]
    return {
        "active": keys.active.kid,
        "upcoming": [key.kid for key in own if key.status is KeyStatus.NEXT],
        "retiring": [key.kid for key in own if key.status is KeyStatus.RETIRING],
        "partners": [f"{key.issuer} ({key.kid})" for key in partners],
    }
