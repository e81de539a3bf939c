"""Buying: from the checkout form to a paid order, or an exception with the reason.

The card's token is checked before anything is claimed, and the claim is made before anything is
charged. The same offers again find their order, and nothing is done twice.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial

import stripe
from django.db import connection

from shop.bag.judging import JudgedBag, judge_bag
from shop.bag.lines import Bag
from shop.checkout.placing import Address, amend_order, check_restored, place_order
from shop.checkout.refusals import CheckoutClosed, NotPlaced, TooManyOpen, TotalChanged
from shop.core.compiled_sql import CompiledQuery, InParameter, Parameter, Values
from shop.core.outages import Unavailable
from shop.core.shopper import Shopper
from shop.orders.models import OPEN, OUT_OF_BAG, UNDER_WAY, Order
from shop.payments import charging
from shop.payments.intents import card_fingerprint
from shop.payments.restore_check import restore_check
from shop.payments.settlement import cancel_unpaid, expire_due, settle_blocking_orders
from shop.payments.stripe_outages import note_failure, stripe_outages
from shop.sales.outage_watch import shop_outages

logger = logging.getLogger(__name__)

#: Times that an order is tried again after settling expired orders: once for too many unpaid
#: orders, once for orders that hold its units or count towards the same mail or card limit.
MAX_RETRIES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """The checkout form: address, the total that was shown, and the card's token."""

    address: Address
    shown_total: int
    token_id: str
    #: The key of the network that it came from (``hoarding.network_key``); empty if unknown.
    network: str


def order_of(judged: JudgedBag) -> Order | None:
    """The shopper's open or paid order of just these offers; None where there is none.

    A pending one has to have the same units too: nobody pays for a size that the bag does not show.
    """
    uses = [line.own_use for line in judged.lines if line.own_use is not None]
    numbers = {use.order_number for use in uses}
    if len(numbers) != 1 or len(uses) != len(judged.lines):
        return None
    order = Order.objects.filter(number=numbers.pop()).first()
    if order is None:
        return None
    ordered = order.lines.values_list("jti", "variant__sku", "quantity")
    if order.status in UNDER_WAY:
        is_same = {line.line.id for line in judged.lines} == {jti for jti, _, _ in ordered}
    else:
        wanted = {
            (line.line.id, sku, units)
            for line in judged.lines
            for sku, units in line.line.quantities.items()
        }
        is_same = wanted == set(ordered)
    return order if is_same else None


def remove_ordered_lines(bag: Bag, order: Order) -> None:
    """Remove from the bag the offers of an order that is paid, or at the bank."""
    if order.status not in OUT_OF_BAG or not bag.lines:
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
    """Order and pay what is in the bag. Where it raises, an earlier claim is kept.

    :raises TokenUnusable: nothing new is claimed; another card may do
    :raises Declined: the claim is kept, too
    :raises PaymentUnclear: Stripe cannot be asked; nothing new is claimed
    :raises TotalChanged: the whole charge is another by now; nothing new is claimed
    :raises CheckoutClosed: the database was restored; nothing is claimed and nothing is charged
    :raises PricesWait: the same, for the price of a line
    :raises NotPlaced: a line, mail address or card is refused; nothing new is claimed
    :raises Unavailable: the database is away
    """
    judged = judge_bag(bag, shopper, now)
    if judged.facts.is_provisional:
        raise Unavailable("the database is away")
    order = order_of(judged) or _order_paid_with(purchase.token_id, shopper)
    if order is not None and order.status in UNDER_WAY:
        return order
    check_restored(judged)
    if order is None and judged.refused:
        # In a rush this is nearly everybody, and Stripe limits the rate of calls: it is not asked.
        raise NotPlaced(judged)
    token = _retrieve_token(purchase.token_id, now)
    if token.payment_intent and (order is None or token.payment_intent != order.payment_intent):
        raise charging.TokenUnusable
    if restore_check.closes_checkout(now):
        raise CheckoutClosed(judged)
    fingerprint = card_fingerprint(token.payment_method_preview)
    is_new = False
    if order is None:
        order, is_new = _place_or_find(bag, shopper, purchase, fingerprint, now)
    elif order.total != purchase.shown_total:
        raise TotalChanged(judged, order.charge)
    else:
        amend_order(order, judged, purchase.address, fingerprint)
    if order.status not in UNDER_WAY:
        _pay(order, purchase.token_id, return_url(order), now, is_new=is_new)
    shop_outages.answered(now)
    return order


def _retrieve_token(token_id: str, now: datetime) -> stripe.ConfirmationToken:
    """:raises NotCharged: it cannot be used, or Stripe cannot be asked"""
    try:
        return charging.retrieve_token(token_id)
    except charging.PaymentUnclear as unclear:
        note_failure(unclear.__cause__, now)
        raise


def _order_paid_with(token_id: str, shopper: Shopper) -> Order | None:
    """The order of a form that was sent before, whose answer has emptied the bag already."""
    values: Values = {"token": token_id, "shoppers": [*shopper.ids]}
    found = _paid_with_statement(connection.vendor).rows(values)
    return Order.objects.get(pk=found[0][0]) if found else None


@cache
def _paid_with_statement(vendor: str) -> CompiledQuery:
    sent = Order.objects.filter(
        InParameter("shopper", "shoppers"),
        confirmation_token=Parameter("token"),
        status__in=UNDER_WAY,
    )
    return CompiledQuery.select(sent.order_by("-placed_at").values_list("pk")[:1])


def _place_or_find(
    bag: Bag, shopper: Shopper, purchase: Purchase, fingerprint: str, now: datetime
) -> tuple[Order, bool]:
    """The order of the bag's offers, and whether it is new: another tab may have placed it."""
    try:
        return _place(bag, shopper, purchase, fingerprint, now), True
    except NotPlaced as refusal:
        order = order_of(refusal.judged)
        if order is None:
            raise
        return order, False


def _place(
    bag: Bag, shopper: Shopper, purchase: Purchase, fingerprint: str, now: datetime
) -> Order:
    """Place an order; where expired orders block it, settle them and try again."""
    place = partial(
        place_order,
        bag=bag,
        shopper=shopper,
        address=purchase.address,
        shown_total=purchase.shown_total,
        card_fingerprint=fingerprint,
        network=purchase.network,
        now=now,
    )
    for _ in range(MAX_RETRIES):
        try:
            return place()
        except NotPlaced as refusal:
            if order_of(refusal.judged) or not _settle_blocking(refusal, shopper, now):
                raise
    return place()


def _settle_blocking(refusal: NotPlaced, shopper: Shopper, now: datetime) -> bool:
    """Settle the expired orders that a claim was refused for; whether another try is worth it.

    Judging a bag misses them: it counts neither limits by mail and card nor open orders.
    """
    if isinstance(refusal, TooManyOpen):
        return expire_due(now, Order.objects.filter(shopper__in=shopper.ids, status__in=OPEN)) > 0
    lines = refusal.judged.lines
    return refusal.verdict is not None and settle_blocking_orders(
        jtis=[each.line.id for each in lines], skus=[each.line.sku for each in lines], now=now
    )


def _pay(order: Order, token_id: str, return_url: str, now: datetime, *, is_new: bool) -> None:
    """:raises NotCharged: a new order whose token is unusable is canceled, so it holds no stock"""
    try:
        charging.pay(order, token_id, return_url=return_url, now=now)
        stripe_outages.answered(now)
    except charging.TokenUnusable:
        if is_new:
            cancel_unpaid(order, cause="card unusable", now=now)
        raise
    except charging.PaymentUnclear as unclear:
        note_failure(unclear.__cause__, now)
        # It may be paid: the order's page asks Stripe until that is known.
        logger.warning("It is not clear whether %s was paid", order.number)
