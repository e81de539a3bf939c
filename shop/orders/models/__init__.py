"""The order book: orders and what belongs to them."""

from shop.orders.models.claim_origin import ClaimOrigin
from shop.orders.models.delivery_country import DeliveryCountry
from shop.orders.models.dispute import Dispute, DisputeOutcome, worst_of
from shop.orders.models.order import (
    GRACE,
    RESTORED,
    Order,
    OrderCharge,
    OrderLine,
    StatusChange,
    overdue,
    unsent,
)
from shop.orders.models.order_status import (
    CANCELABLE,
    HAS_GOODS,
    IS_OPEN,
    OPEN,
    OUT_OF_BAG,
    OVER,
    PAID_FOR,
    UNDER_WAY,
    OrderStatus,
)
from shop.orders.models.reconciliation import (
    UNRESOLVED,
    DiscrepancyKind,
    PaymentDiscrepancy,
    ReconcileRound,
)
from shop.orders.models.refund import Refund, RefundLine, stuck_refunds
from shop.orders.models.sale_totals import SaleMinute
from shop.orders.models.stripe_event import IS_SET_ASIDE, StripeEvent

__all__ = [
    "CANCELABLE",
    "GRACE",
    "HAS_GOODS",
    "IS_OPEN",
    "IS_SET_ASIDE",
    "OPEN",
    "OUT_OF_BAG",
    "OVER",
    "PAID_FOR",
    "RESTORED",
    "UNDER_WAY",
    "UNRESOLVED",
    "ClaimOrigin",
    "DeliveryCountry",
    "DiscrepancyKind",
    "Dispute",
    "DisputeOutcome",
    "Order",
    "OrderCharge",
    "OrderLine",
    "OrderStatus",
    "PaymentDiscrepancy",
    "ReconcileRound",
    "Refund",
    "RefundLine",
    "SaleMinute",
    "StatusChange",
    "StripeEvent",
    "overdue",
    "stuck_refunds",
    "unsent",
    "worst_of",
]
