"""What a refund would do, worked out before anything is done."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import F, Sum

from shop.core.money import format_money, payable_step
from shop.orders.models import OVER, Order, OrderLine, Refund, RefundLine
from shop.payments.stripe_amounts import NotChargeable, to_stripe_amount


class NotRefundable(Exception):
    """It cannot be refunded so; the text says to a merchant why."""


@dataclass(frozen=True, slots=True)
class Units:
    """Units of a line whose money goes back, and whether they are for sale again."""

    line: OrderLine
    quantity: int
    restock: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPlan:
    """What a refund would do, worked out before anything is done.

    ``shipping`` and ``tax`` are parts of the amount: of what was added to the
    prices, never a tax that they include.
    """

    order: Order
    units: Collection[Units]
    shipping: int
    tax: int
    amount: int

    @property
    def amount_text(self) -> str:
        """What would go back, as people read it."""
        return format_money(self.amount, self.order.currency)

    @property
    def is_all(self) -> bool:
        """Whether nothing is left of the order's money afterwards."""
        return self.amount == left_of(self.order)

    @property
    def signature(self) -> str:
        """The same for the same plan: what a merchant agreed to."""
        units = (f"{each.line.pk}:{each.quantity}:{int(each.restock)}" for each in self.units)
        return " ".join([str(self.amount), *units])


def live_of(order: Order) -> int:
    """What went back of an order's money, or is about to, in minor units."""
    live = order.refunds.exclude(status=Refund.Status.FAILED)
    return live.aggregate(sum=Sum("amount"))["sum"] or 0


def left_of(order: Order) -> int:
    """What can still go back of an order's money, in minor units."""
    return order.total - live_of(order) if order.paid_at else 0


def shipping_left_of(order: Order) -> int:
    """What can still go back of its shipping: all of it, or nothing."""
    live = order.refunds.exclude(status=Refund.Status.FAILED)
    return 0 if live.filter(shipping__gt=0).exists() else order.charge.shipping


def plan_refund(order: Order, units: Collection[Units], *, shipping: bool) -> RefundPlan:
    """What a refund of these units would do.

    A tax that was added to the prices goes back in proportion. No more than is
    left goes back, where a part went back by another way (at Stripe). Of an order
    that is over nothing but all that is left can.

    :raises NotRefundable: nothing would go back, or more units than there are
    """
    wanted = [each for each in units if each.quantity > 0]
    if any(each.quantity > each.line.refundable for each in wanted):
        raise NotRefundable("That is more units than can still be refunded.")
    fee = shipping_left_of(order) if shipping else 0
    left = left_of(order)
    untaxed = sum(each.line.amount * each.quantity for each in wanted) + fee
    tax = _added_tax_of(order, untaxed)
    amount = min(left, untaxed + tax)
    if order.status in OVER:
        wanted, fee, tax, amount = [], 0, 0, left
    if amount <= 0:
        raise NotRefundable("Nothing would go back. Choose units, or shipping.")
    try:
        to_stripe_amount(amount, order.currency)
    except NotChargeable as reason:
        raise NotRefundable(str(reason)) from None
    fee = min(fee, amount)
    return RefundPlan(
        order=order, units=wanted, shipping=fee, tax=min(tax, amount - fee), amount=amount
    )


def _added_tax_of(order: Order, untaxed: int) -> int:
    """What of an added tax goes back with so much of goods and shipping.

    It is the difference of two shares of the whole, so that parts that come to
    all of the order have brought back all of the tax, rounding or not.
    """
    tax, step = order.charge.added_tax, payable_step(order.currency)
    if not tax:
        return 0
    live = order.refunds.exclude(status=Refund.Status.FAILED)
    units = RefundLine.objects.filter(refund__in=live)
    goods = units.aggregate(sum=Sum(F("quantity") * F("order_line__amount")))["sum"] or 0
    before = goods + (live.aggregate(sum=Sum("shipping"))["sum"] or 0)

    def share(part: int) -> int:
        return step * (tax * part // ((order.total - tax) * step))

    return share(before + untaxed) - share(before)
