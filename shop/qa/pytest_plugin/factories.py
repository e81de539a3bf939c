"""Products, sales, deals and keys for tests."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone
from joserfc.jwk import OctKey

from shop.catalog.models import Product, Variant
from shop.sales.lifecycle import publish
from shop.sales.models import Deal, Sale
from shop.sales.reference_prices import (
    REFERENCE_PERIOD,
    list_price_changed,
    work_out_reference_prices,
)
from shop.sales.showcase import showcase

ROOT = Path(__file__).parents[3]
#: The window of the sale that most tests are about, and how long its prices are held.
OPENS = datetime(2026, 11, 27, 11, 0, tzinfo=UTC)
CLOSES = OPENS + timedelta(minutes=15)
HOLD = timedelta(minutes=30)


def new_key(kid: str, status: str = "active") -> dict[str, Any]:
    """A fresh HS256 key, as a member of a private JWK Set."""
    return {**OctKey.generate_key(256).as_dict(private=True), "kid": kid, "status": status}


def make_product(
    sku: str = "MUG-01",
    name: str = "Stoneware mug",
    *,
    list_price: int = 4990,
    stock: int = 100,
    currency: str = "EUR",
    variants: dict[str, int] | None = None,
    on_show_for: timedelta = REFERENCE_PERIOD,
    **fields: Any,
) -> Product:
    """A product with its stock; ``variants`` gives names and stock of sizes instead.

    :param on_show_for: since when it has been sold at its list price
    """
    product = Product.objects.create(
        sku=sku, slug=sku.lower(), name=name, list_price=list_price, currency=currency, **fields
    )
    for size, units in (variants or {"": stock}).items():
        variant_sku = f"{sku}-{size}" if size else sku
        Variant.objects.create(product=product, sku=variant_sku, name=size, stock=units)
    list_price_changed(product, now=timezone.now() - on_show_for)
    return product


def add_deal(sale: Sale, product: Product, price: int, **fields: Any) -> Deal:
    """A product in a sale; its reference price is fixed if the sale is published."""
    position = sale.deals.count()
    deal = Deal.objects.create(sale=sale, product=product, price=price, position=position, **fields)
    if sale.published_at:
        work_out_reference_prices([product.pk], now=timezone.now())
    return deal


def make_sale(
    slug: str = "autumn",
    *,
    starts_at: datetime,
    ends_at: datetime,
    hold: timedelta = HOLD,
    **fields: Any,
) -> Sale:
    """A published sale of a mug and a lamp."""
    sale = Sale.objects.create(
        slug=slug,
        title=slug.capitalize(),
        time_zone="Europe/Berlin",
        starts_at=starts_at,
        ends_at=ends_at,
        hold_seconds=int(hold.total_seconds()),
        **fields,
    )
    add_deal(sale, make_product(), 499, max_per_shopper=2)
    add_deal(sale, make_product("LMP-01", "Brass lamp", list_price=7900), 790, allocation=50)
    publish(sale, now=timezone.now())
    showcase.clear()
    return sale
