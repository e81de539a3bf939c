"""Open orders: settled by Stripe's list of payments, a call for a hundred of them.

A payment that ended settles its order at once. What may have changed since the page was listed, and
whatever the list does not show, is asked for singly.
"""

import logging
from collections.abc import Callable
from datetime import datetime

import stripe

from shop.core.machine_clock import monotonic_seconds
from shop.orders.models import IS_OPEN, Order, OrderStatus
from shop.payments.settlement import agrees, expire_due, settle, settle_by_id
from shop.payments.stripe_metadata import metadata_text

logger = logging.getLogger(__name__)

#: Seconds that a round asks about single orders; refunds, events and mails wait meanwhile.
MOST_SECONDS = 30
ENDED = frozenset({"succeeded", "canceled"})


class OpenOrders:
    """The orders that are open when a round begins.

    :param with_processing: also ask about those whose payment is at a bank, for days mostly
    """

    def __init__(self, now: datetime, *, with_processing: bool = True) -> None:
        self.changes: list[str] = []
        self._now = now
        self._ends_at = monotonic_seconds() + MOST_SECONDS
        self._with_processing = with_processing
        # In random order: those that cannot be settled must not always come first.
        rows = list(Order.objects.filter(IS_OPEN).order_by("?"))
        self._by_payment = {row.payment_intent: row for row in rows if row.payment_intent}
        self._unpaid_for = {row.number: row for row in rows if not row.payment_intent}

    def are_worth(self, calls: int) -> bool:
        """Whether more of the list is cheaper than to ask singly, after so many calls for it."""
        left = [row for row in self._by_payment.values() if self._is_asked_about(row)]
        return len(left) > calls

    def settle_listed(self, intent: stripe.PaymentIntent) -> None:
        """Settle the order of a payment in Stripe's list, if it is open."""
        order = self._by_payment.pop(intent.id, None) or self._lost_its_id(intent)
        if order is None:
            return
        if intent.status in ENDED:
            self._attempt(order, lambda: settle(order, intent, cause="reconcile", now=self._now))
        elif not self._is_late() and not self._is_as_it_should_be(order, intent):
            self._attempt(order, lambda: self._ask_about(order, listed=intent))

    def settle_rest(self) -> None:
        """Ask Stripe about those that the list did not show; first those that are due."""
        rest = [*self._unpaid_for.values(), *self._by_payment.values()]
        for order in sorted(rest, key=lambda row: not row.is_due(self._now)):
            if self._is_late():
                return
            if self._is_asked_about(order):
                self._attempt(order, lambda order=order: self._ask_about(order))  # type: ignore[misc]

    def _is_as_it_should_be(self, order: Order, intent: stripe.PaymentIntent) -> bool:
        ends = intent.status != "processing" and order.is_due(self._now)
        return agrees(order, intent) and not ends

    def _ask_about(self, order: Order, *, listed: stripe.PaymentIntent | None = None) -> None:
        if not expire_due(self._now, [order], listed=listed):
            settle_by_id(order, cause="reconcile", now=self._now)

    def _lost_its_id(self, intent: stripe.PaymentIntent) -> Order | None:
        """The order of a payment whose id was lost in a crash, of the round that it was made in."""
        order = self._unpaid_for.get(metadata_text(intent, "order"))
        if order is None or str(order.payment_round) != (metadata_text(intent, "round") or "1"):
            return None
        del self._unpaid_for[order.number]
        unchanged = Order.objects.filter(
            IS_OPEN, pk=order.pk, payment_round=order.payment_round, payment_intent=""
        )
        unchanged.update(payment_intent=intent.id)
        order.refresh_from_db()
        return order if order.payment_intent == intent.id else None

    def _is_asked_about(self, order: Order) -> bool:
        return self._with_processing or order.status != OrderStatus.PROCESSING

    def _is_late(self) -> bool:
        return monotonic_seconds() > self._ends_at

    def _attempt(self, order: Order, settle_it: Callable[[], None]) -> None:
        before = order.status
        try:
            # A shopper may have been faster.
            order.refresh_from_db()
            before = order.status
            if order.is_open:
                settle_it()
        except Exception:
            # A fault in one order must not keep the others open.
            logger.exception("%s cannot be settled", order.number)
        if order.status != before:
            self.changes.append(f"{order.number}: {before} → {order.status}")
