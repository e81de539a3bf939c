"""Refunds that Stripe knows and the order book does not.

They were made at Stripe; or by the shop, and its database was restored from a backup since. Those
say in their metadata which units they are of, and their note was mailed when they were made.
"""

import logging
from collections.abc import Iterable
from datetime import datetime

import stripe
from django.db import transaction

from shop.orders.models import OVER, Order, OrderLine, Refund, RefundLine
from shop.orders.sale_totals import count_refund
from shop.orders.state_machine import locked
from shop.payments.refund_metadata import RefundedUnits, RefundFacts, read_metadata
from shop.payments.stripe_amounts import from_stripe_amount
from shop.payments.stripe_metadata import metadata_in
from shop.staff.models import Staff

logger = logging.getLogger(__name__)


def create_row(order: Order, answer: stripe.Refund, now: datetime) -> Refund:
    """The row of a refund, as pending; with its units where the shop made it and forgot it."""
    facts = read_metadata(metadata_in(answer))
    amount = from_stripe_amount(answer.amount, order.currency)
    if facts is not None:
        return _remake(order, facts, amount, now)
    refund, _ = Refund.objects.get_or_create(
        idempotency_key=answer.id,
        defaults={
            "order": order,
            "amount": amount,
            "currency": order.currency,
            "reason": (answer.reason or "").replace("_", " "),
            "made_at": now,
        },
    )
    return refund


def _remake(order: Order, facts: RefundFacts, amount: int, now: datetime) -> Refund:
    with transaction.atomic():
        row = locked(order)
        refund, is_new = Refund.objects.get_or_create(
            idempotency_key=facts.idempotency_key,
            defaults={
                "order": row,
                "amount": amount,
                "shipping": min(facts.shipping, amount),
                "currency": row.currency,
                "reason": facts.reason,
                "made_by": Staff.objects.filter(username=facts.made_by).first(),
                "made_at": facts.made_at,
                "note_sent_at": now,
            },
        )
        if is_new:
            _add_units(refund, facts.units)
            count_refund(refund)
    return refund


def _add_units(refund: Refund, units: Iterable[RefundedUnits]) -> None:
    """Add a refund's lines; none to an order that was over, whose claim is released."""
    if refund.order.history.filter(to_status__in=OVER).exists():
        return
    lines = dict(enumerate(refund.order.lines.order_by("pk")))
    wanted = [(lines.get(each.place), each) for each in units]
    if any(line is None or each.quantity > line.refundable for line, each in wanted):
        logger.error("A refund of %s is not of units that it has", refund.order)
        return
    for line, each in wanted:
        assert line is not None
        _add_line(refund, line, each)


def _add_line(refund: Refund, line: OrderLine, units: RefundedUnits) -> None:
    RefundLine.objects.create(
        refund=refund, order_line=line, quantity=units.quantity, restock=units.restock
    )
    line.refunded += units.quantity
    line.save(update_fields=["refunded"])
