"""Disputes: a shopper's bank asks for the money back, and Stripe holds it until a decision.

They are recorded for the merchant, who answers at Stripe. They do not change an
order's status.
"""

from datetime import UTC, datetime

import stripe

from shop.orders.models import Dispute, Order
from shop.payments.stripe_amounts import from_stripe_amount

#: Statuses of decided disputes.
CLOSED = frozenset({"won", "lost", "warning_closed", "prevented"})


def record_dispute(order: Order, answer: stripe.Dispute, now: datetime) -> Dispute:
    """Record a dispute of an order.

    :param answer: as Stripe answered just now, never an event's older snapshot
    """
    currency = answer.currency.upper()
    due_by = answer.evidence_details.due_by
    dispute, _ = Dispute.objects.get_or_create(
        stripe_id=answer.id,
        defaults={
            "order": order,
            "amount": from_stripe_amount(answer.amount, currency),
            "currency": currency,
            "opened_at": now,
        },
    )
    dispute.reason, dispute.status = answer.reason, answer.status
    dispute.respond_by = datetime.fromtimestamp(due_by, UTC) if due_by else None
    if answer.status in CLOSED:
        dispute.closed_at = dispute.closed_at or now
    dispute.save(update_fields=["reason", "status", "respond_by", "closed_at"])
    return dispute
