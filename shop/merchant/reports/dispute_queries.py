"""What disputes have to do with a sale: few rows, in as many queries for many orders as for few."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Prefetch

from shop.orders.models import Dispute, DisputeOutcome, Order, OrderLine, Refund
from shop.sales.models import Sale


@dataclass(frozen=True, slots=True)
class Disputed:
    """Disputes of a sale's orders with one outcome, in one currency. Amounts in minor units.

    ``amount`` is disputed in all, with shipping, added tax and goods of other sales; ``goods`` is
    the share of this sale's goods.
    """

    outcome: DisputeOutcome
    currency: str
    disputes: int
    amount: int
    goods: int


def disputed(sale: Sale) -> tuple[Disputed, ...]:
    """The disputes of a sale's orders, by outcome and currency."""
    of_sale = OrderLine.objects.filter(order=OuterRef("order"), deal__sale=sale)
    lines = OrderLine.objects.defer("offer").select_related("deal")
    live = Refund.objects.exclude(status=Refund.Status.FAILED)
    rows = (
        # Nothing of it can be disputed before it was sold: earlier rows need not be looked at.
        Dispute.objects.filter(Exists(of_sale), opened_at__gte=sale.starts_at)
        .select_related("order")
        .prefetch_related(Prefetch("order__lines", lines), Prefetch("order__refunds", live))
    )
    counts: Counter[tuple[DisputeOutcome, str]] = Counter()
    amounts: Counter[tuple[DisputeOutcome, str]] = Counter()
    goods: Counter[tuple[DisputeOutcome, str]] = Counter()
    counted: Counter[tuple[DisputeOutcome, int]] = Counter()
    for dispute in rows:
        outcome = DisputeOutcome(dispute.outcome)
        key, of_order = (outcome, dispute.currency), (outcome, dispute.order_id)
        kept = _kept_goods(dispute.order, sale)
        # Several disputes of an order never cost more goods than it has.
        share = min(kept - counted[of_order], _share(dispute, kept))
        counted[of_order] += share
        counts[key] += 1
        amounts[key] += dispute.amount
        goods[key] += share
    in_order = sorted(counts, key=lambda key: (list(DisputeOutcome).index(key[0]), key[1]))
    return tuple(Disputed(*key, counts[key], amounts[key], goods[key]) for key in in_order)


def lost_goods(found: Iterable[Disputed]) -> Mapping[str, int]:
    """What was lost of a sale's goods, by currency; only currencies in which anything was."""
    lost = (each for each in found if each.outcome is DisputeOutcome.LOST)
    return {each.currency: each.goods for each in lost if each.goods}


def _kept_goods(order: Order, sale: Sale) -> int:
    """What an order's goods of a sale cost, without those that were refunded."""
    return sum(
        line.amount * line.refundable
        for line in order.lines.all()
        if line.deal is not None and line.deal.sale_id == sale.pk
    )


def _share(dispute: Dispute, kept: int) -> int:
    """The part of a dispute that falls on goods worth ``kept``, rounded down."""
    order = dispute.order
    money = order.total - sum(refund.amount for refund in order.refunds.all())
    return dispute.amount * kept // money if money > 0 else 0
