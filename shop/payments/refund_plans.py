"""Plans of refunds: what a refund would do, before it is made."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import F, QuerySet, Sum

from shop.core.currencies import payable_step
from shop.core.money import format_money
from shop.orders.models import OVER, Order, OrderLine, Refund, RefundLine
from shop.payments.stripe_amounts import NotChargeable, to_stripe_amount


class NotRefundable(Exception):
    """The refund is not possible; the text tells the merchant why."""


@dataclass(frozen=True, slots=True)
class Units:
    """Units of a line to refund, and whether they are restocked."""

    line: OrderLine
    quantity: int
    restock: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPlan:
    """What a refund would do. Amounts in minor units.

    ``shipping`` and ``tax`` (added tax alone) are parts of the amount.
    """

    order: Order
    units: Collection[Units]
    shipping: int
    tax: int
    amount: int

    @property
    def amount_text(self) -> str:
        """The formatted amount."""
        return format_money(self.amount, self.order.currency)

    @property
    def signature(self) -> str:
        """Equal for equal plans: compared with what the merchant agreed to."""
        units = (f"{each.line.pk}:{each.quantity}:{int(each.restock)}" for each in self.units)
        return " ".join([str(self.amount), *units])


def _live_refunds(order: Order) -> QuerySet[Refund]:
    """The refunds of an order that have not failed."""
    return order.refunds.exclude(status=Refund.Status.FAILED)


def left_of(order: Order) -> int:
    """What can still be refunded of an order, in minor units; what a bank took back cannot."""
    lost = sum(dispute.lost for dispute in order.disputes.all())
    return max(0, order.total - refunded_of(order) - lost) if order.paid_at else 0


def refunded_of(order: Order) -> int:
    """What was refunded of an order, or is about to be, in minor units."""
    refunded: int = _live_refunds(order).aggregate(sum=Sum("amount", default=0))["sum"]
    return refunded


def shipping_left_of(order: Order) -> int:
    """The shipping that can still be refunded, in minor units: all of it, or 0."""
    return 0 if _live_refunds(order).filter(shipping__gt=0).exists() else order.charge.shipping


def plan_refund(order: Order, units: Collection[Units], *, shipping: bool) -> RefundPlan:
    """Plan a refund of units, with added tax in proportion; of an order that is over, all of it.

    The amount is at most what is left after refunds that were made at Stripe.

    :raises NotRefundable: nothing is left, or there are fewer units
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
    """The added tax to refund with an amount of goods and shipping, in minor units.

    The difference of two shares of the whole: rounding leaves no rest once all is refunded.
    """
    tax, step = order.charge.added_tax, payable_step(order.currency)
    if not tax:
        return 0
    live = _live_refunds(order)
    units = RefundLine.objects.filter(refund__in=live)
    before: int = (
        units.aggregate(sum=Sum(F("quantity") * F("order_line__amount"), default=0))["sum"]
        + live.aggregate(sum=Sum("shipping", default=0))["sum"]
    )

    def share(part: int) -> int:
        return step * (tax * part // ((order.total - tax) * step))

    return share(before + untaxed) - share(before)
