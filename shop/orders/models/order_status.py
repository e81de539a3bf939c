"""The statuses of an order: their texts, and sets that say what they mean for goods and money."""

from typing import NamedTuple

from django.db import models
from django.db.models import Q


class StatusTexts(NamedTuple):
    """What a status is in words."""

    #: The step that led to it, for the shopper; and for the merchant.
    step: str
    event: str
    #: What open orders in it wait for, in the merchant's reports.
    waiting: str = ""
    #: CSS class of its tag in the back office: blue for what is sold, red for what needs a look.
    tag: str = ""


class OrderStatus(models.TextChoices):
    """How an order stands."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action", "Requires action"
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REFUNDED = "refunded"
    PARTIALLY_REFUNDED = "partially_refunded", "Partially refunded"

    @property
    def texts(self) -> StatusTexts:
        """The status in words."""
        return _TEXTS[self]


_TEXTS = {
    OrderStatus.PENDING: StatusTexts(
        "Payment declined", "The payment was declined", "Wait for a card"
    ),
    OrderStatus.REQUIRES_ACTION: StatusTexts(
        "Bank asked",
        "The bank asked the shopper a question",
        "Wait for an answer to the bank's question",
    ),
    OrderStatus.PROCESSING: StatusTexts(
        "At the bank", "The payment is on its way at the bank", "On their way at the bank"
    ),
    OrderStatus.PAID: StatusTexts("Paid", "Paid", tag="holds"),
    OrderStatus.FAILED: StatusTexts("Failed", "The payment failed", tag="runs-out"),
    OrderStatus.CANCELED: StatusTexts("Canceled", "Canceled"),
    OrderStatus.EXPIRED: StatusTexts("Not paid in time", "Not paid in time"),
    OrderStatus.REFUNDED: StatusTexts("Refunded", "Refunded in full"),
    OrderStatus.PARTIALLY_REFUNDED: StatusTexts("Partly refunded", "Refunded in part"),
}

#: Orders that may still be paid, as the condition of the index on them. SQLite uses that index
#: only for a query with the same condition, word for word: never for ``status__in``.
IS_OPEN = Q(status="pending") | Q(status="requires_action") | Q(status="processing")

#: The order may still be paid, and keeps what it claimed.
OPEN = frozenset({OrderStatus.PENDING, OrderStatus.REQUIRES_ACTION, OrderStatus.PROCESSING})
#: No bank works on its payment: it lapses, and can be canceled.
CANCELABLE = OPEN - {OrderStatus.PROCESSING}
#: The order ended unpaid and gave back what it claimed. A later payment is refunded.
OVER = frozenset({OrderStatus.FAILED, OrderStatus.CANCELED, OrderStatus.EXPIRED})
#: The order is paid, and goods of it are not refunded.
HAS_GOODS = frozenset({OrderStatus.PAID, OrderStatus.PARTIALLY_REFUNDED})
#: The order was paid, refunded since or not; or, where it is refunded, paid after it was over.
PAID_FOR = HAS_GOODS | {OrderStatus.REFUNDED}
#: The payment is made or stands at the bank: it must not be made again.
UNDER_WAY = PAID_FOR | {OrderStatus.REQUIRES_ACTION, OrderStatus.PROCESSING}
#: What was ordered leaves the shopper's bag.
OUT_OF_BAG = frozenset({OrderStatus.PAID, OrderStatus.PROCESSING})
