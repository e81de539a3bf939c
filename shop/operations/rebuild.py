"""What a restored database forgot, learned from Stripe's record of payments, refunds and disputes.

The order matters, so that units are free again before they are claimed: orders that the database
knows are settled first, then their refunds are recorded; then forgotten orders are made again, each
with its own refunds, in the order in which they were placed.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import batched

import stripe

from shop.orders.models import IS_OPEN, PAID_FOR, RESTORED, Order
from shop.payments import disputes, refunds, stripe_record
from shop.payments.order_metadata import facts_of
from shop.payments.rebuild import Outcome, Result, number_in, rebuild, round_of
from shop.payments.settlement import expire_due, settle_by_id

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Learned:
    """What was learned: how often, and a line for each, for the operator."""

    rebuilt: int = 0
    settled: int = 0
    canceled: int = 0
    #: Payments that no order can have, and that go back.
    refunded: int = 0
    #: Refunds and disputes that were recorded.
    refunds: int = 0
    disputes: int = 0
    #: What could not be done: it has to be run again.
    unfinished: int = 0
    lines: list[str] = field(default_factory=list)

    def add(self, result: Result) -> None:
        """Count what became of a payment."""
        match result.outcome:
            case Outcome.REBUILT:
                self.rebuilt += 1
            case Outcome.SETTLED:
                self.settled += 1
            case Outcome.CANCELED:
                self.canceled += 1
            case Outcome.REFUNDED:
                self.refunded += 1
            case Outcome.UNCHANGED:
                # A line without a change: it has to be looked at again.
                self.unfinished += bool(result.text)
        if result.text:
            self.lines.append(result.text)


def learn_from_stripe(since: datetime, now: datetime, *, refund_unknown: bool = False) -> Learned:
    """Make the order book know what Stripe does; any number of times, with the same result.

    :param since: by the machine's clock; nothing that Stripe created earlier is forgotten
    :param refund_unknown: refund orders of products that the database does not know; otherwise
        they count as unfinished, as the products may be created again
    :raises stripe.StripeError: Stripe's lists cannot be read; what was done so far stands
    """
    learned = Learned()
    known, forgotten = _payments(since)
    # The newest payment of an order decides: an older one that was canceled must not release it.
    for intent in sorted(known, key=round_of, reverse=True):
        with _going_on(learned, number_in(intent)):
            learned.add(rebuild(intent, now))
    for order in Order.objects.filter(IS_OPEN).order_by("placed_at"):
        with _going_on(learned, order.number):
            learned.add(_settle(order, now))
    _record_refunds(learned, since, now)
    _record_disputes(learned, since, now)
    for intent in sorted(forgotten, key=partial(_placed_at, otherwise=now)):
        with _going_on(learned, number_in(intent)):
            learned.add(rebuild(intent, now, refund_unknown=refund_unknown))
    # What went back since the list of payments was read.
    _record_refunds(learned, since, now)
    _record_disputes(learned, since, now)
    return learned


@contextmanager
def _going_on(learned: Learned, what: str) -> Iterator[None]:
    """Keep a fault in one from all others; it is counted as unfinished."""
    try:
        yield
    except Exception:
        logger.exception("%s cannot be taken in from Stripe", what)
        learned.unfinished += 1
        learned.lines.append(f"{what}: not taken in, the log says why: run this again")


def _payments(since: datetime) -> tuple[list[stripe.PaymentIntent], list[stripe.PaymentIntent]]:
    """Our payments of orders that the database knows, and of those that it does not.

    The latter the oldest first.
    """
    known: list[stripe.PaymentIntent] = []
    forgotten: list[stripe.PaymentIntent] = []
    for page in batched(stripe_record.intents_since(since), stripe_record.PAGE, strict=False):
        orders = Order.objects.in_bulk({number_in(each) for each in page}, field_name="number")
        for intent in page:
            order = orders.get(number_in(intent))
            if order is None:
                forgotten.append(intent)
            elif order.payment_intent != intent.id or order.status not in PAID_FOR:
                known.append(intent)
    return known, forgotten[::-1]


def _placed_at(intent: stripe.PaymentIntent, *, otherwise: datetime) -> datetime:
    facts = facts_of(intent)
    return facts.placed_at if facts else otherwise


def _settle(order: Order, now: datetime) -> Result:
    """Settle an open order; one whose time is over is canceled."""
    before = order.status
    settle_by_id(order, cause=RESTORED, now=now)
    expire_due(now, [order])
    if order.status == before:
        return Result()
    return Result(Outcome.SETTLED, f"{order}: {before} → {order.status}")


def _record_refunds(learned: Learned, since: datetime, now: datetime) -> None:
    """Record refunds of orders that the database knows."""
    for page in batched(stripe_record.refunds_since(since), stripe_record.PAGE, strict=False):
        for order, answer in refunds.unrecorded(page):
            with _going_on(learned, order.number):
                refunds.record_any(order, answer, cause=RESTORED, now=now)
                learned.refunds += 1
                learned.lines.append(f"{order}: a refund is recorded, {answer.status}")


def _record_disputes(learned: Learned, since: datetime, now: datetime) -> None:
    """Record disputes of orders that the database knows."""
    for page in batched(stripe_record.disputes_since(since), stripe_record.PAGE, strict=False):
        for order, answer in disputes.unrecorded(page):
            with _going_on(learned, order.number):
                disputes.refresh(order, answer.id, now)
                learned.disputes += 1
                learned.lines.append(f"{order}: a dispute is recorded, {answer.status}")
