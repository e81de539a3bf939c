"""Rows for pages that show what is there."""

from datetime import datetime
from typing import Any

from django.db.models import Model

from shop.catalog.models import Product, Variant
from shop.orders.models import Order, OrderLine, Refund, StatusChange
from shop.sales.audit import record
from shop.sales.models import Deal, Sale


def mug() -> Product:
    """The product of most tests."""
    return Product.objects.get(sku="MUG-01")


def refreshed[Row: Model](row: Row) -> Row:
    """The row as the database has it now."""
    row.refresh_from_db()
    return row


def change(sale: Sale, at: datetime, deal: Deal | None = None, **fields: object) -> None:
    """Change something as the back office does, with its record."""
    row = deal or sale
    for name, value in fields.items():
        before = getattr(row, name)
        record(sale=sale, deal=deal, field=name, before=before, after=value, now=at, by=None)
        setattr(row, name, value)
    row.save(update_fields=list(fields))


def make_order(sale: Sale, number: str = "FF-12345678", **fields: Any) -> Order:
    """Two mugs for €4.99 each, paid when the sale opened unless told otherwise."""
    given = {
        "number": number,
        "status": Order.Status.PAID,
        "shopper": "s" * 22,
        "email": "ada@example.org",
        "name": "Ada Lovelace",
        "line1": "12 St James's Square",
        "city": "London",
        "country": "GB",
        "currency": "EUR",
        "subtotal": 998,
        "total": 998,
        "placed_at": sale.starts_at,
        "lapses_at": sale.ends_at,
        "paid_at": sale.starts_at,
        "receipt_sent_at": sale.starts_at,
    }
    order = Order.objects.create(**(given | fields))
    deal = sale.deals.get(product__sku="MUG-01")
    OrderLine.objects.create(
        order=order,
        variant=Variant.objects.get(sku="MUG-01"),
        deal=deal,
        sku="MUG-01",
        name="Stoneware mug",
        quantity=2,
        amount=499,
        was=4990,
        jti=order.number.ljust(22, "j"),
        offer="…",
    )
    StatusChange.objects.create(
        order=order, to_status="pending", at=order.placed_at, cause="placed"
    )
    if order.paid_at:
        StatusChange.objects.create(
            order=order,
            from_status="pending",
            to_status=order.status,
            at=order.paid_at,
            cause="checkout",
        )
    return order


def make_refund(order: Order, *, amount: int = 499, key: str = "key", **fields: Any) -> Refund:
    """A refund that Stripe knows of."""
    given = {"currency": "EUR", "made_at": order.placed_at, "stripe_id": f"re_{key}"}
    return Refund.objects.create(
        order=order, amount=amount, idempotency_key=key, **(given | fields)
    )
