"""The demo shop: its products, and four sales around the present instant.

Each product is in one sale only. Otherwise the price of one sale would become the
reference price of the next.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from shop.catalog.models import Product
from shop.core.formatting import iso_minute
from shop.core.wall_time import wall_time
from shop.sales.documents.loader import load_sale
from shop.sales.documents.schema import parse_document
from shop.sales.models import Sale

ZONE = ZoneInfo("Europe/Berlin")
#: The sales' slugs, in ``goods/sales.json``.
LIVE, UPCOMING = "autumn-clear-out", "kitchen-quarter-hour"
JUST_OVER, EARLIER = "desk-tidy", "out-of-doors"
_FOLDER = Path(__file__).resolve().parent / "goods"
_MINUTE = timedelta(minutes=1)
#: How long the demo's products have been on show, so that their list prices can be struck through.
_ON_SHOW_FOR = timedelta(days=31)

type Window = tuple[datetime, datetime]


def windows(now: datetime) -> dict[str, Window]:
    """The windows of the demo's sales, by slug."""
    # In UTC: a zone's own arithmetic goes by its wall, also while clocks change.
    minute = now.astimezone(UTC).replace(second=0, microsecond=0)
    tomorrow = wall_time(now, ZONE).date() + timedelta(days=1)
    noon = datetime.combine(tomorrow, time(12), ZONE).astimezone(UTC)
    return {
        LIVE: (minute - 15 * _MINUTE, minute + 45 * _MINUTE),
        UPCOMING: (noon, noon + 15 * _MINUTE),
        JUST_OVER: (minute - 16 * _MINUTE, minute - _MINUTE),
        EARLIER: (minute - 150 * _MINUTE, minute - 120 * _MINUTE),
    }


@transaction.atomic
def seed_shop(*, now: datetime) -> list[str]:
    """Create the demo shop, or move its windows once the live sale has ended.

    Sales that exist keep every change; hidden and canceled ones also keep their windows.

    :returns: what was done, a line each
    """
    wanted = windows(now)
    done: list[str] = []
    sales = {sale.slug: sale for sale in Sale.objects.filter(slug__in=wanted)}
    has_ended = LIVE in sales and sales[LIVE].ends_at <= now
    goods = {good["sku"]: good for good in _read("goods")}
    for demo in _read("sales"):
        window = wanted[demo["slug"]]
        sale = sales.get(demo["slug"])
        if sale is None:
            load_sale(parse_document(_document(demo, window, goods)), now=now - _ON_SHOW_FOR)
            done.append(f"{demo['title']}: {_text(window)}")
        elif has_ended and sale.state == Sale.State.PUBLISHED:
            sale.starts_at, sale.ends_at = window
            sale.full_clean()
            # Not on record: a sale that runs each day would be its own reference price.
            sale.save(update_fields=["starts_at", "ends_at"])
            done.append(f"{sale.title}: moved to {_text(window)}")
        elif sale.state != Sale.State.PUBLISHED:
            done.append(f"{sale.title}: {sale.state}, so left alone")
    for good in goods.values():
        _set_picture(good)
    return done


def _read(name: str) -> Any:
    return json.loads((_FOLDER / f"{name}.json").read_text())


def _document(
    demo: Mapping[str, Any], window: Window, goods: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    starts_at, ends_at = (at.isoformat() for at in window)
    # The prices are in euros, whatever the shop's currency is.
    deals = [{**goods[deal["sku"]], **deal, "currency": "EUR"} for deal in demo["deals"]]
    for deal in deals:
        del deal["picture"]
    return {
        **demo,
        "time_zone": ZONE.key,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "published": True,
        "deals": deals,
    }


def _set_picture(good: Mapping[str, Any]) -> None:
    """Set a product's picture, stored once under a name made of its content.

    A picture that a merchant has chosen is kept.
    """
    file = _FOLDER / good["picture"]
    content = file.read_bytes()
    name = f"products/{file.stem}-{sha256(content).hexdigest()[:12]}{file.suffix}"
    product = Product.objects.filter(sku=good["sku"]).first()
    if product is None:
        return
    current = product.picture.name or ""
    if current == name or (current and not current.startswith(f"products/{file.stem}-")):
        return
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(content))
    product.picture.name = name
    product.full_clean()
    product.save(update_fields=["picture"])


def _text(window: Window) -> str:
    starts_at, ends_at = (iso_minute(at, ZONE) for at in window)
    return f"{starts_at} to {ends_at} in {ZONE.key}"
