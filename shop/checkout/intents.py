"""The PaymentIntent of an order: made, found again, canceled, replaced."""

import stripe
from django.db import transaction

from shop.checkout.methods import methods_for_order
from shop.checkout.models import Order
from shop.checkout.stripe_api import client
from shop.checkout.transitions import locked


def ensure_intent(order: Order) -> stripe.PaymentIntent:
    """The order's PaymentIntent as Stripe has it now; made, unconfirmed, where there is none.

    The idempotency key is the order's own, so that an intent whose id was lost
    in a crash is found by asking for it again.
    """
    if order.payment_intent:
        return client().v1.payment_intents.retrieve(order.payment_intent)
    intent = client().v1.payment_intents.create(
        {
            "amount": order.total,
            "currency": order.currency.lower(),
            "allowed_payment_method_types": methods_for_order(order),
            "metadata": {"order": order.number},
            "statement_descriptor_suffix": order.number,
        },
        {"idempotency_key": f"intent-{order.number}-{order.payment_round}"},
    )
    Order.objects.filter(pk=order.pk).update(payment_intent=intent.id)
    order.payment_intent = intent.id
    return intent


def cancel_intent(order: Order) -> stripe.PaymentIntent:
    """Cancel an order's payment, where it can still be canceled; the intent as it is then."""
    intent = ensure_intent(order)
    if intent.status in {"succeeded", "processing", "canceled"}:
        return intent
    return client().v1.payment_intents.cancel(intent.id)


def replace_intent(order: Order, left_open: stripe.PaymentIntent) -> stripe.PaymentIntent:
    """Another intent in the place of one whose bank's page was left open.

    Such an intent takes no other card: it is canceled first.
    """
    client().v1.payment_intents.cancel(left_open.id)
    with transaction.atomic():
        row = locked(order)
        if row.payment_intent == left_open.id:
            row.payment_intent, row.payment_round = "", row.payment_round + 1
            row.save(update_fields=["payment_intent", "payment_round"])
    order.payment_intent, order.payment_round = row.payment_intent, row.payment_round
    return ensure_intent(order)
