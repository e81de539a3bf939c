"""The order book: orders and what belongs to them."""

from shop.orders.models.dispute import Dispute
from shop.orders.models.order import (
    GRACE,
    IS_OPEN,
    OPEN,
    OVER,
    Order,
    OrderCharge,
    OrderLine,
    StatusChange,
    overdue,
    unsent,
)
from shop.orders.models.refund import Refund, RefundLine
from shop.orders.models.sale_totals import SaleMinute
from shop.orders.models.stripe_event import StripeEvent

__all__ = [
    "GRACE",
    "IS_OPEN",
    "OPEN",
    "OVER",
    "Dispute",
    "Order",
    "OrderCharge",
    "OrderLine",
    "Refund",
    "RefundLine",
    "SaleMinute",
    "StatusChange",
    "StripeEvent",
    "overdue",
    "unsent",
]
