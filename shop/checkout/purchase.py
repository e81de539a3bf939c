"""Buying: from the checkout form to an order that is paid, or a clear reason why not.

The order of things is the promise. The card's token is looked at before
anything is claimed; the claim is made before anything is charged; and the same
offers again find their order before any of it is done twice.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from shop.bag.judged import JudgedBag
from shop.bag.judging import judge_bag
from shop.bag.lines import Bag
from shop.checkout.placing import (
    Address,
    NotPlaced,
    TooManyOpen,
    TotalChanged,
    amend_order,
    place_order,
)
from shop.core.shopper import Shopper
from shop.orders.models import OPEN, OUT_OF_BAG, UNDER_WAY, Order
from shop.payments import charging
from shop.payments.settlement import cancel_unpaid, expire_due, settle_blocking_orders

logger = logging.getLogger(__name__)

#: What may stand in the way of a claim that is past its time, one behind the other: orders that
#: are too many, and orders that have what is wanted, or count for the same mail or card.
_OBSTACLES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What the shopper sent: address, the total that was shown, and a card's token."""

    address: Address
    shown_total: int
    token_id: str


def order_of(judged: JudgedBag) -> Order | None:
    """The order that the bag's offers, all of them and no others, are already in.

    Only this shopper's own, and only one that lives or is paid: an order that
    lapsed has given its offers back. One that still waits for its card is only
    that of a bag with the same units, so that nobody pays for other sizes.
    """
    uses = [line.use for line in judged.lines if line.use is not None and line.is_own_use]
    numbers = {use.order_number for use in uses}
    if len(numbers) != 1 or len(uses) != len(judged.lines):
        return None
    order = Order.objects.filter(number=numbers.pop()).first()
    if order is None:
        return None
    ordered = order.lines.values_list("jti", "variant__sku", "quantity")
    if order.status in UNDER_WAY:
        is_it = {line.line.id for line in judged.lines} == {jti for jti, _, _ in ordered}
    else:
        wanted = {
            (line.line.id, sku, units)
            for line in judged.lines
            for sku, units in line.line.quantities.items()
        }
        is_it = wanted == set(ordered)
    return order if is_it else None


def remove_ordered_lines(bag: Bag, order: Order) -> None:
    """Remove from the bag what a paid order, or one on its way at the bank, has bought."""
    if order.status not in OUT_OF_BAG:
        return
    bought = set(order.lines.values_list("jti", flat=True))
    for line in [each for each in bag.lines if each.id in bought]:
        bag.remove(line)


def buy(
    *,
    bag: Bag,
    shopper: Shopper,
    purchase: Purchase,
    return_url: Callable[[Order], str],
    now: datetime,
) -> Order:
    """Order and pay what is in the bag.

    :raises payments.TokenUnusable: nothing was claimed, or a claim of before is kept; another card
    :raises payments.Declined: likewise, with the bank's reason; the claim is kept
    :raises payments.PaymentUnclear: Stripe cannot be asked; nothing was claimed
    :raises TotalChanged: it costs something else by now; nothing was claimed
    :raises NotPlaced: a line is refused, and nothing was claimed; or the mail address or card of
        another attempt is, and the claim is kept
    """
    judged = judge_bag(bag, shopper, now)
    order = order_of(judged)
    if order is None:
        order = _order_paid_with(purchase.token_id, shopper)
    if order is not None and order.status in UNDER_WAY:
        return order
    if order is None and judged.refused:
        # In a rush this is nearly everybody: Stripe, which counts what it is asked, is left alone.
        raise NotPlaced(judged)
    token = charging.retrieve_token(purchase.token_id)
    if token.payment_intent and (order is None or token.payment_intent != order.payment_intent):
        raise charging.TokenUnusable
    fingerprint = charging.fingerprint_of(token)
    placed = None
    if order is None:
        order, placed = _place(bag, shopper, purchase, fingerprint, now)
    elif order.total != purchase.shown_total:
        raise TotalChanged(judged)
    else:
        amend_order(order, judged, purchase.address, fingerprint)
    if order.status not in UNDER_WAY:
        try:
            charging.pay(order, purchase.token_id, return_url=return_url(order), now=now)
        except charging.TokenUnusable:
            if placed is not None:
                # It was good a moment ago, for many at once maybe: nobody locks the shelf with it.
                cancel_unpaid(
                    placed, cause="card unusable", now=now, canceled_as=Order.Status.CANCELED
                )
            raise
        except charging.PaymentUnclear:
            # It may have been paid: the order's page asks until Stripe tells.
            logger.warning("It is not clear whether %s was paid", order.number)
    return order


def _order_paid_with(token_id: str, shopper: Shopper) -> Order | None:
    """The order of a form that was sent before, whose answer has emptied the bag already."""
    sent = Order.objects.filter(confirmation_token=token_id, shopper__in=shopper.ids)
    return sent.filter(status__in=UNDER_WAY).first()


def _place(
    bag: Bag, shopper: Shopper, purchase: Purchase, fingerprint: str | None, now: datetime
) -> tuple[Order, Order | None]:
    """The order that the bag's offers are in, and the same once more where it was placed here."""

    def place() -> Order:
        return place_order(
            bag=bag,
            shopper=shopper,
            address=purchase.address,
            shown_total=purchase.shown_total,
            card_fingerprint=fingerprint,
            now=now,
        )

    for _ in range(_OBSTACLES):
        try:
            placed = place()
        except NotPlaced as refusal:
            # A second click, or another tab, was faster by a moment: its order is this one.
            order = order_of(refusal.judged)
            if order is not None:
                return order, None
            if not _gave_way(refusal, shopper, now):
                raise
        else:
            return placed, placed
    placed = place()
    return placed, placed


def _gave_way(refusal: NotPlaced, shopper: Shopper, now: datetime) -> bool:
    """Settle what stood in the way and is past its time; whether it is worth another try.

    Limits by mail and card, and how many orders are open, are known to a claim
    alone: no line was refused for them, so nobody has looked.
    """
    if isinstance(refusal, TooManyOpen):
        return expire_due(now, Order.objects.filter(shopper__in=shopper.ids, status__in=OPEN)) > 0
    lines = refusal.judged.lines
    return refusal.verdict is not None and settle_blocking_orders(
        jtis=[each.line.id for each in lines], skus=[each.line.sku for each in lines], now=now
    )
