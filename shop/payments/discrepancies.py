"""Where Stripe's record and the order book disagree: found, told of, and resolved.

An order is written before its payment is created, so a payment of ours without an order proves
that the database forgot it: it was restored from a backup. A paid order whose payment Stripe does
not have was paid on another account, or in another database.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

import stripe
from django.db.models import Exists, OuterRef

from shop.core.machine_clock import machine_time
from shop.orders.models import (
    OVER,
    PAID_FOR,
    UNRESOLVED,
    DiscrepancyKind,
    Order,
    PaymentDiscrepancy,
)
from shop.payments.intents import WITH_CHARGE
from shop.payments.restore_check import notice_restore
from shop.payments.settlement import settle
from shop.payments.stripe_amounts import from_stripe_amount
from shop.payments.stripe_client import client
from shop.payments.stripe_metadata import metadata_text
from shop.payments.stripe_record import issuer_of, our_issuer

logger = logging.getLogger(__name__)

Kind = DiscrepancyKind

#: Statuses of a payment that took money, or may still take it without us.
PAYS = frozenset({"succeeded", "processing", "requires_action"})
#: Statuses of a payment that nobody has begun to make.
UNBEGUN = frozenset({"requires_payment_method", "requires_confirmation"})
#: Orders that a comparison asks Stripe about singly, at most.
MOST_ASKED = 20
#: The newest orders, whose payments the list has to show.
NEWEST = 100


class Comparison:
    """Stripe's list of payments held against the order book, page by page.

    ``started_at`` is until when the list is complete, by Stripe's clock.

    :param since: from when on it is read, by the same clock
    :raises KeyRingError: no issuer says which payments are ours
    """

    def __init__(self, now: datetime, since: datetime) -> None:
        self._now = now
        self._since = since
        self.started_at = machine_time()
        self._issuer = our_issuer()
        self._seen: set[str] = set()
        self._doubted: set[int] = set()

    def reaches(self, intent: stripe.PaymentIntent) -> bool:
        """Whether the list, newest first, has come to its end with this payment."""
        return intent.created < self._since.timestamp()

    def compare(self, intents: Sequence[stripe.PaymentIntent]) -> None:
        """Compare a page of the list with the order book."""
        self._seen |= {intent.id for intent in intents}
        compare_ours([intent for intent in intents if issuer_of(intent) == self._issuer], self._now)
        unpaid = [intent.id for intent in intents if intent.status != "succeeded"]
        doubted = Order.objects.filter(payment_intent__in=unpaid, status__in=PAID_FOR)
        self._doubted |= set(doubted.values_list("pk", flat=True))

    def finish(self) -> None:
        """Ask Stripe about paid orders whose payments the list did not show as paid."""
        newest = Order.objects.exclude(payment_intent="").order_by("-pk")[:NEWEST]
        # By age: the shop's clock may be another than Stripe's.
        since, until = (self._now - (self.started_at - self._since)), self._now
        unseen = {
            row.pk
            for row in newest
            if row.status in PAID_FOR
            and row.payment_intent not in self._seen
            and since < row.placed_at < until
        }
        for order in Order.objects.filter(pk__in=unseen | self._doubted)[:MOST_ASKED]:
            _doubt(order, self._now)


def compare_ours(intents: Sequence[stripe.PaymentIntent], now: datetime) -> None:
    """Compare payments that are ours with the order book, and note those that no order is of.

    A payment of an unknown order also closes checkout: the database was restored.
    """
    notice_restore(intents, now)
    numbers = {intent.id: metadata_text(intent, "order")[:20] for intent in intents}
    orders = Order.objects.in_bulk(list(set(numbers.values())), field_name="number")
    for intent in intents:
        number = numbers[intent.id]
        order = orders.get(number)
        if intent.status in PAYS and not _belongs_to(intent, order) and not _is_returned(intent):
            _note(
                Kind.NO_ORDER,
                *(intent.id, number),
                amount=from_stripe_amount(intent.amount, intent.currency.upper()),
                currency=intent.currency.upper(),
                now=now,
            )
        elif order is not None and order.status in OVER and intent.status == "succeeded":
            # Paid after its end, and no event told of it: it goes back.
            settle(order, intent, cause="reconcile", now=now)
        elif order is not None and _is_left_behind(intent, order):
            _cancel(intent)


def _is_left_behind(intent: stripe.PaymentIntent, order: Order) -> bool:
    """Whether its id was lost, and the order went on to another round of payment since."""
    made_in = metadata_text(intent, "round")
    is_earlier = made_in.isdecimal() and int(made_in) < order.payment_round
    return is_earlier and intent.status in UNBEGUN


def _cancel(intent: stripe.PaymentIntent) -> None:
    try:
        client().v1.payment_intents.cancel(intent.id)
    except stripe.InvalidRequestError as error:
        # Its status has changed since it was listed: the next comparison sees it.
        logger.info("%s cannot be canceled: %s", intent.id, type(error).__name__)


def examine(intent_id: str, now: datetime) -> None:
    """Compare one payment with the order book; one that is not ours is left alone.

    :raises stripe.StripeError: Stripe cannot be asked
    """
    intent = client().v1.payment_intents.retrieve(intent_id, WITH_CHARGE)
    if issuer_of(intent) == our_issuer():
        compare_ours([intent], now)


def resolve(now: datetime) -> None:
    """Ask Stripe about what disagreed, and note what does no longer."""
    _resolve_remade(now)
    # In random order: those that stay must not keep the others from being looked at.
    for row in PaymentDiscrepancy.objects.filter(UNRESOLVED).order_by("?")[:MOST_ASKED]:
        try:
            is_resolved = _is_resolved(row)
        except stripe.StripeError as error:
            logger.warning("Stripe cannot be asked about %s: %s", row, type(error).__name__)
            continue
        if is_resolved:
            PaymentDiscrepancy.objects.filter(pk=row.pk).update(resolved_at=now)
            logger.info("Stripe and the order book agree again on %s", row)


def _resolve_remade(now: datetime) -> None:
    """Note the payments whose orders are back: after ``restored`` all of them are, at once."""
    owners = Order.objects.filter(
        number=OuterRef("order_number"), payment_intent=OuterRef("payment_intent")
    )
    remade = PaymentDiscrepancy.objects.filter(UNRESOLVED, Exists(owners), kind=Kind.NO_ORDER)
    if count := remade.update(resolved_at=now):
        logger.info("Payments whose orders are back: %d", count)


def unresolved() -> list[PaymentDiscrepancy]:
    """What disagrees now, the oldest first."""
    return list(PaymentDiscrepancy.objects.filter(UNRESOLVED).order_by("found_at", "pk"))


def _is_resolved(row: PaymentDiscrepancy) -> bool:
    order = Order.objects.filter(number=row.order_number).first()
    if row.kind == Kind.NOT_PAID and (order is None or order.status not in PAID_FOR):
        return True
    try:
        intent = client().v1.payment_intents.retrieve(row.payment_intent, WITH_CHARGE)
    except stripe.InvalidRequestError:
        return False  # Stripe does not know it.
    if row.kind == Kind.NOT_PAID:
        return intent.status == "succeeded"
    if _belongs_to(intent, order) or _is_returned(intent):
        return True
    return intent.status not in PAYS


def _belongs_to(intent: stripe.PaymentIntent, order: Order | None) -> bool:
    return order is not None and order.payment_intent in ("", intent.id)


def _is_returned(intent: stripe.PaymentIntent) -> bool:
    """Whether all of it went back."""
    return bool(getattr(intent.latest_charge, "refunded", False))


def _doubt(order: Order, now: datetime) -> None:
    """Note an order that counts as paid, if Stripe has no such payment."""
    try:
        intent = client().v1.payment_intents.retrieve(order.payment_intent)
        if intent.status == "succeeded":
            return
    except stripe.InvalidRequestError:
        pass  # Stripe does not know it.
    except stripe.StripeError as error:
        logger.warning("Stripe cannot be asked about %s: %s", order.number, type(error).__name__)
        return
    _note(
        Kind.NOT_PAID,
        *(order.payment_intent, order.number),
        amount=order.total,
        currency=order.currency,
        now=now,
    )


def _note(
    kind: Kind, payment_intent: str, number: str, *, amount: int, currency: str, now: datetime
) -> None:
    """Store a discrepancy, and tell of it once."""
    row, is_new = PaymentDiscrepancy.objects.get_or_create(
        kind=kind,
        payment_intent=payment_intent,
        defaults={
            "order_number": number,
            "amount": amount,
            "currency": currency,
            "found_at": now,
        },
    )
    again = PaymentDiscrepancy.objects.filter(pk=row.pk, resolved_at__isnull=False)
    if is_new or again.update(resolved_at=None, found_at=now):
        logger.error("%s: payment %s, order %s", kind.label, payment_intent, number or "unnamed")
