"""The start page: what is live, what is next, what needs a hand.

In an empty shop it leads to the first sale.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from offers.conf import ring
from offers.keys import KeyRingError, KeyStatus
from shop.catalog.models import Product
from shop.merchant.dashboard.alerts import alerts
from shop.merchant.dashboard.schedule import schedule
from shop.sales.models import Deal, Sale
from shop.staff.models import Staff


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the first sale: what to do, why, where, and whether it is done."""

    title: str
    text: str
    address: str
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class KeysNow:
    """The ids of the living offer keys, by what they are for."""

    active: str
    upcoming: tuple[str, ...]
    retiring: tuple[str, ...]
    partners: tuple[str, ...]


def today(request: HttpRequest, now: datetime) -> dict[str, Any]:
    """What the start page shows to whoever asks."""
    person = request.user
    assert isinstance(person, Staff)
    sales = schedule(now)
    return {
        "now": now,
        "agenda": sales if person.has_perm("sales.view_sale") else None,
        "chores": alerts(sales, person, now),
        "steps": _first_steps(person),
        "keys": _keys() if person.has_perm("staff.view_staff") else None,
    }


def _first_steps(person: Staff) -> list[Step]:
    """The way to the first sale; none once there was one, or for who may not go it."""
    if not person.has_perm("sales.add_sale"):
        return []
    if Sale.objects.exclude(published_at=None).exists():
        return []
    has_product = Product.objects.exists()
    sale = Sale.objects.exclude(state=Sale.State.CANCELED).order_by("-pk").first()
    has_deals = sale is not None and Deal.objects.filter(sale=sale).exists()
    change_sale = (
        reverse("admin:sales_sale_change", args=[sale.pk])
        if sale
        else reverse("admin:sales_sale_add")
    )
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


def _keys() -> KeysNow | None:
    try:
        keys = ring()
    except KeyRingError:
        return None
    ours = [key for key in keys.values() if key.issuer == keys.active.issuer]
    return KeysNow(
        active=keys.active.kid,
        upcoming=tuple(key.kid for key in ours if key.status is KeyStatus.NEXT),
        retiring=tuple(key.kid for key in ours if key.status is KeyStatus.RETIRING),
        partners=tuple(
            f"{key.issuer} ({key.kid})" for key in keys.values() if key.issuer != keys.active.issuer
        ),
    )
