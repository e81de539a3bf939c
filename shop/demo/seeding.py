"""The demo shop: its products, and four sales around the present instant.

Each product is in one sale only. Otherwise the price of one sale would become the
reference price of the next.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from shop.catalog.models import Product
from shop.sales.documents.loader import load_sale
from shop.sales.documents.schema import parse_document
from shop.sales.models import Sale

ZONE = ZoneInfo("Europe/Berlin")
_FOLDER = Path(__file__).resolve().parent / "goods"
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class DemoDeal:
    """A deal: price in minor units, allocation (None: all the stock), most units per shopper."""

    sku: str
    price: int
    allocation: int | None = None
    most: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSale:
    """A sale without its window, which depends on the instant of seeding."""

    slug: str
    title: str
    text: str
    hold: timedelta
    deals: tuple[DemoDeal, ...]


LIVE = DemoSale(
    slug="autumn-clear-out",
    title="Autumn clear-out",
    text="The shelves have to be empty before the winter goods come. While it lasts.",
    hold=timedelta(minutes=30),
    deals=(
        DemoDeal("BLK-01", 2999, 8, 1),
        DemoDeal("MUG-01", 599, 24, 4),
        DemoDeal("LMP-01", 1299, 5, 1),
        DemoDeal("JKT-01", 2999, 20, 1),
        DemoDeal("POT-01", 1499, 10),
        DemoDeal("TOT-01", 299, 60, 3),
        DemoDeal("REC-01", 5900, 2, 1),
        DemoDeal("TEE-01", 499, 40, 3),
        DemoDeal("KET-01", 1499, 12, 1),
        DemoDeal("SOC-01", 199, None, 5),
        DemoDeal("CND-01", 399, 30, 4),
        DemoDeal("NTB-01", 199, None, 5),
    ),
)
UPCOMING = DemoSale(
    slug="kitchen-quarter-hour",
    title="Kitchen quarter-hour",
    text="Fifteen minutes for everything with a handle.",
    hold=timedelta(minutes=30),
    deals=(
        DemoDeal("KNF-01", 2599, 6, 1),
        DemoDeal("BRD-01", 999, 20),
        DemoDeal("APR-01", 899, 24),
        DemoDeal("DRP-01", 699, 20),
        DemoDeal("MIL-01", 799, 16),
        DemoDeal("FLK-01", 599, 30, 3),
    ),
)
JUST_OVER = DemoSale(
    slug="desk-tidy",
    title="Desk tidy",
    text="Quarter of an hour of things that keep time, and keep you cool.",
    hold=timedelta(minutes=30),
    deals=(
        DemoDeal("CLK-01", 699, 14),
        DemoDeal("FAN-01", 1999, 6, 1),
        DemoDeal("HRG-01", 599, 13),
    ),
)
EARLIER = DemoSale(
    slug="out-of-doors",
    title="Out of doors",
    text="For the last dry weekends. Prices are held for four hours: ask at home first.",
    hold=timedelta(hours=4),
    deals=(
        DemoDeal("BSK-01", 1199, 8, 1),
        DemoDeal("HDL-01", 899, 30),
        DemoDeal("PLT-01", 399, 25, 4),
    ),
)


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open window of a sale."""

    starts_at: datetime
    ends_at: datetime


def windows(now: datetime) -> dict[str, Window]:
    """The windows of the demo's sales, by slug."""
    minute = now.astimezone(ZONE).replace(second=0, microsecond=0)
    noon = datetime.combine(minute.date() + timedelta(days=1), time(12), ZONE)
    return {
        LIVE.slug: Window(minute - 15 * _MINUTE, minute + 45 * _MINUTE),
        UPCOMING.slug: Window(noon, noon + 15 * _MINUTE),
        JUST_OVER.slug: Window(minute - 16 * _MINUTE, minute - _MINUTE),
        EARLIER.slug: Window(minute - 150 * _MINUTE, minute - 120 * _MINUTE),
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
    live = sales.get(LIVE.slug)
    has_ended = live is not None and live.ends_at <= now
    goods = _goods()
    for demo in (EARLIER, JUST_OVER, LIVE, UPCOMING):
        window = wanted[demo.slug]
        sale = sales.get(demo.slug)
        if sale is None:
            load_sale(parse_document(_document(demo, window, goods)), now=now)
            done.append(f"{demo.title}: {_text(window)}")
        elif has_ended and sale.state == Sale.State.PUBLISHED:
            _move(sale, window)
            done.append(f"{sale.title}: moved to {_text(window)}")
        elif sale.state != Sale.State.PUBLISHED:
            done.append(f"{sale.title}: {sale.state}, so left alone")
    for good in goods.values():
        _set_picture(good)
    return done


def _move(sale: Sale, window: Window) -> None:
    sale.starts_at, sale.ends_at = window.starts_at, window.ends_at
    sale.full_clean()
    sale.save(update_fields=["starts_at", "ends_at"])


def _goods() -> dict[str, dict[str, Any]]:
    """The demo's products by sku, each as a deal of a document, and its ``picture``."""
    goods = json.loads((_FOLDER / "goods.json").read_text())
    return {good["sku"]: good for good in goods}


def _document(
    demo: DemoSale, window: Window, goods: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    return {
        "slug": demo.slug,
        "title": demo.title,
        "text": demo.text,
        "time_zone": ZONE.key,
        "starts_at": window.starts_at.isoformat(),
        "ends_at": window.ends_at.isoformat(),
        "hold_seconds": int(demo.hold.total_seconds()),
        "published": True,
        "deals": [dict(_deal(deal, goods[deal.sku])) for deal in demo.deals],
    }


def _deal(deal: DemoDeal, good: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((key, value) for key, value in good.items() if key != "picture")
    # The prices of goods.json are in this currency, whatever the shop's is.
    yield "currency", "EUR"
    yield "price", deal.price
    yield "max_per_shopper", deal.most
    if deal.allocation is not None:
        yield "allocation", deal.allocation


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
    starts_at, ends_at = window.starts_at.astimezone(ZONE), window.ends_at.astimezone(ZONE)
    return f"{starts_at:%F %H:%M} to {ends_at:%F %H:%M} in {ZONE.key}"
