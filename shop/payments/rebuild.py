"""What a restored database forgot of a payment, learned from the payment itself.

A forgotten order that is paid, or whose bank works on the payment, is made again, so that no bag
pays twice. One that cannot be kept is recorded as canceled, and its payment is refunded. An unpaid
one is canceled at Stripe: its offers are good again. An order of which the database knows less than
Stripe is settled by its newest payment.

Everything may be done any number of times, and by several processes at once.
"""

import logging
import sys
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

import stripe
from django.db import IntegrityError, transaction

from shop.core.money import format_money
from shop.orders.claims import count_by
from shop.orders.models import OPEN, OVER, PAID_FOR, RESTORED, Order
from shop.orders.state_machine import locked
from shop.payments import disputes, refunds
from shop.payments.intents import WITH_CHARGE
from shop.payments.order_metadata import OrderFacts, facts_of
from shop.payments.proven_supply import raise_supply
from shop.payments.remade_orders import (
    NotKept,
    SoldOut,
    UnknownProduct,
    card_key_of,
    record_canceled,
    remake,
    remake_in_place_of,
    sales_unknown,
)
from shop.payments.settlement import settle
from shop.payments.shipping import ShippingAddress
from shop.payments.stripe_amounts import from_stripe_amount
from shop.payments.stripe_client import client
from shop.payments.stripe_metadata import metadata_text

logger = logging.getLogger(__name__)

#: Why money goes back, for the shopper.
NOT_KEPT = (
    "Our shop was restored from a backup, and what you ordered could not be kept. "
    "All of your payment goes back."
)
_TAKEN = frozenset({"succeeded", "processing"})


class Outcome(StrEnum):
    """What became of a payment."""

    UNCHANGED = "unchanged"
    REBUILT = "rebuilt"
    SETTLED = "settled"
    REFUNDED = "refunded"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a payment, and a line about it for the operator; empty where nothing did."""

    outcome: Outcome = Outcome.UNCHANGED
    text: str = ""


def number_in(intent: stripe.PaymentIntent) -> str:
    """The number of the order that a payment is for."""
    return metadata_text(intent, "order")


def round_of(intent: stripe.PaymentIntent) -> int:
    """Which of its order's payments it is, from 1."""
    written = metadata_text(intent, "round")
    return int(written) if written.isdecimal() else 1


def rebuild(intent: stripe.PaymentIntent, now: datetime, *, refund_unknown: bool = False) -> Result:
    """Have the order book know what a payment of ours says.

    :param intent: as Stripe answered just now, with its charge or without
    :param refund_unknown: refund what was paid for products that the database does not know; they
        may be created again, and then the order is rebuilt
    :raises stripe.StripeError: Stripe cannot be asked; it has to be done again
    """
    number = number_in(intent)
    order = Order.objects.filter(number=number).first()
    if order is not None:
        return _catch_up(order, intent, now)
    was_open = intent.status not in {*_TAKEN, "canceled"}
    intent = _canceled(intent) if was_open else _with_charge(intent)
    if intent.status == "canceled":
        text = f"{number}: unpaid and forgotten; its payment is canceled"
        return Result(Outcome.CANCELED, text) if was_open else Result()
    if intent.status not in _TAKEN:
        return Result(text=f"{number}: {intent.id} cannot be canceled now: run this again")
    facts = _sound_facts(intent)
    if facts is None:
        return _refund_stray(intent, "its payment does not say what was ordered")
    try:
        order, raised = _remake(facts, intent, now)
    except NotKept as reason:
        may_come_back = isinstance(reason, UnknownProduct) and not refund_unknown
        if may_come_back and not getattr(intent.latest_charge, "refunded", False):
            text = f"{number}: paid, but {reason}: create it again and run this again"
            return Result(text=f"{text}, or refund it with --refund-unknown")
        return _record_not_kept(facts, intent, str(reason), now)
    except IntegrityError:
        # Another process was faster.
        return _catch_up(Order.objects.get(number=number), intent, now)
    take_in(order, intent, now)
    return Result(Outcome.REBUILT, _account(order, facts, raised))


def _remake(
    facts: OrderFacts, intent: stripe.PaymentIntent, now: datetime
) -> tuple[Order, list[str]]:
    """Make an order again; and, in words, what was supplied for it and forgotten.

    :raises NotKept: it cannot have its goods; nothing was written
    :raises IntegrityError: it is in the order book already; nothing was written
    """
    try:
        return remake(facts, intent, now), []
    except SoldOut:
        raised = raise_supply(facts, now)
        if raised is None:
            raise
    return remake(facts, intent, now), raised


def take_in(order: Order, intent: stripe.PaymentIntent, now: datetime) -> None:
    """Record the refunds and disputes of a payment.

    :raises stripe.StripeError: Stripe cannot be asked
    """
    charge = intent.latest_charge
    if getattr(charge, "amount_refunded", 0):
        for answer in refunds.at_stripe(intent.id):
            refunds.record_any(order, answer, cause=RESTORED, now=now)
    if getattr(charge, "disputed", False):
        pages = client().v1.disputes.list({"payment_intent": intent.id, "limit": 100})
        for dispute in pages.auto_paging_iter():
            disputes.refresh(order, dispute.id, now)
    order.refresh_from_db()


def _account(order: Order, facts: OrderFacts, raised: list[str]) -> str:
    text = f"{order.number}: rebuilt as {order.get_status_display().lower()}, {order.total_text}"
    if unknown := sales_unknown(order, facts):
        text += f"; {', '.join(unknown)} is not in this database: its lines count to no sale"
    for each in raised:
        text += f"; {each}: count it, before you supply anew what was supplied since the backup"
    return text


def _record_not_kept(
    facts: OrderFacts, intent: stripe.PaymentIntent, reason: str, now: datetime
) -> Result:
    try:
        order = record_canceled(facts, intent, now)
    except IntegrityError:
        return _catch_up(Order.objects.get(number=facts.number), intent, now)
    logger.error("%s was paid and cannot be kept: %s", order, reason)
    take_in(order, intent, now)
    return _refund_over(order, intent, reason, now)


def _refund_over(order: Order, intent: stripe.PaymentIntent, reason: str, now: datetime) -> Result:
    """Refund what is left of the payment of an order that is over."""
    if intent.status != "succeeded":
        text = f"{order}: {reason}; it is refunded as soon as the bank has paid"
        return Result(Outcome.REFUNDED, text)
    with transaction.atomic():
        row = locked(order)
        refund = refunds.create_late_refund(row, intent, now, reason=NOT_KEPT)
    if refund is None:
        return Result(Outcome.REFUNDED, f"{order}: {reason}; nothing is left to refund")
    refunds.execute(refund, cause=RESTORED, now=now)
    text = f"{order}: {reason}; {refund.amount_text} goes back"
    if refund.status == refund.Status.FAILED:
        text = f"{order}: {reason}; its refund FAILED: {refund.problem}"
    return Result(Outcome.REFUNDED, text)


def _catch_up(order: Order, intent: stripe.PaymentIntent, now: datetime) -> Result:
    """Settle an order by its newest payment; whatever is not its payment is ended."""
    if order.payment_intent != intent.id and not _adopt(order, intent):
        return _end_stray(order, intent)
    if order.status in PAID_FOR or (order.status in OVER and intent.status == "canceled"):
        return Result()
    intent = _with_charge(intent)
    if order.status in OVER:
        return _revive(order, intent, now)
    before = order.status
    _amend(order, intent)
    settle(order, intent, cause=RESTORED, now=now)
    if order.status == before:
        return Result()
    take_in(order, intent, now)
    return Result(Outcome.SETTLED, f"{order}: {before} → {order.status}")


def _revive(order: Order, intent: stripe.PaymentIntent, now: datetime) -> Result:
    """Make an order that is over and was paid all the same; or refund it."""
    if intent.status not in _TAKEN:
        intent = _canceled(intent)
    if intent.status not in _TAKEN:
        return Result(Outcome.CANCELED, f"{order}: over; its newer payment is canceled")
    facts = _sound_facts(intent)
    try:
        if facts is None:
            raise NotKept("its payment does not say what was ordered")
        order = remake_in_place_of(order, facts, intent, now)
    except NotKept as reason:
        return _refund_over(order, intent, str(reason), now)
    take_in(order, intent, now)
    return Result(Outcome.REBUILT, _account(order, facts, []))


def _adopt(order: Order, intent: stripe.PaymentIntent) -> bool:
    """Make a payment of a later round that of its order; whether it is that now."""
    round_ = round_of(intent)
    with transaction.atomic():
        row = locked(order)
        is_newer = round_ > row.payment_round or (
            round_ == row.payment_round and not row.payment_intent
        )
        if row.payment_intent != intent.id and is_newer and row.status not in PAID_FOR:
            row.payment_intent, row.payment_round = intent.id, round_
            row.save(update_fields=["payment_intent", "payment_round"])
    order.refresh_from_db()
    return order.payment_intent == intent.id


def _end_stray(order: Order, intent: stripe.PaymentIntent) -> Result:
    """Cancel or refund a payment that is not its order's own."""
    if intent.status == "canceled":
        return Result()
    if intent.status not in _TAKEN:
        intent = _canceled(intent)
    if intent.status == "canceled":
        return Result(Outcome.CANCELED, f"{order}: an unpaid second payment is canceled")
    return _refund_stray(_with_charge(intent), "it has another payment besides")


def _refund_stray(intent: stripe.PaymentIntent, reason: str) -> Result:
    """Refund a payment that no order can have."""
    number = number_in(intent)
    if intent.status == "processing":
        text = f"{number}: {reason}; {intent.id} is at the bank: run this again when it is through"
        return Result(Outcome.UNCHANGED, text)
    if getattr(intent.latest_charge, "refunded", False):
        return Result()
    logger.error("%s: %s: %s is refunded", number, reason, intent.id)
    amount = from_stripe_amount(intent.amount, intent.currency.upper())
    text = f"{number}: {reason}; {format_money(amount, intent.currency.upper())} goes back"
    try:
        client().v1.refunds.create(
            {"payment_intent": intent.id, "metadata": {"order": number}},
            {"idempotency_key": f"refund-{intent.id}"},
        )
    except stripe.InvalidRequestError as refusal:
        text = f"{number}: {reason}; its refund FAILED: {refusal.user_message}"
    return Result(Outcome.REFUNDED, text)


def _amend(order: Order, intent: stripe.PaymentIntent) -> None:
    """Give an open order the address, mail and card that it was paid with."""
    address, facts = ShippingAddress.of_intent(intent), facts_of(intent)
    if intent.status not in _TAKEN or address is None or facts is None:
        return
    with transaction.atomic():
        row = locked(order)
        if row.status not in OPEN:
            return
        card = card_key_of(intent) or row.card_key
        deals = row.lines.exclude(deal=None).values_list("deal", flat=True)
        unbounded = dict.fromkeys(deals, sys.maxsize)
        count_by(row, email=facts.email, card=card, max_units=unbounded)
        Order.objects.filter(pk=row.pk).update(email=facts.email, card_key=card, **asdict(address))
    order.refresh_from_db()


def _sound_facts(intent: stripe.PaymentIntent) -> OrderFacts | None:
    """What a payment says of its order; None unless it adds up to what was paid."""
    facts = facts_of(intent)
    if facts is None or not facts.lines:
        return None
    paid = from_stripe_amount(intent.amount, intent.currency.upper())
    return facts if facts.subtotal + facts.added == paid else None


def _canceled(intent: stripe.PaymentIntent) -> stripe.PaymentIntent:
    """A payment after an attempt to cancel it: it may have been made meanwhile."""
    try:
        return client().v1.payment_intents.cancel(intent.id)
    except stripe.InvalidRequestError:
        return client().v1.payment_intents.retrieve(intent.id, WITH_CHARGE)


def _with_charge(intent: stripe.PaymentIntent) -> stripe.PaymentIntent:
    """A payment with its charge; asked for anew unless it was listed as made, which is final."""
    has_charge = intent.latest_charge is not None and not isinstance(intent.latest_charge, str)
    if intent.status == "canceled" or (intent.status == "succeeded" and has_charge):
        return intent
    return client().v1.payment_intents.retrieve(intent.id, WITH_CHARGE)
