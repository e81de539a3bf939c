"""The PaymentIntent of an order: made, found again, canceled, replaced."""

import stripe
from django.db.models import F, QuerySet
from stripe.params import PaymentIntentRetrieveParams

from shop.orders.models import OPEN, Order
from shop.payments.methods import methods_for_order
from shop.payments.stripe_amounts import to_stripe_amount
from shop.payments.stripe_client import client

#: Asks for an intent together with what was charged.
WITH_CHARGE: PaymentIntentRetrieveParams = {"expand": ["latest_charge"]}


def ensure_intent(order: Order) -> stripe.PaymentIntent:
    """The order's PaymentIntent as Stripe has it now; made, unconfirmed, where there is none.

    The idempotency key is the order's own, so that an intent whose id was lost
    in a crash is found by asking for it again. A key for which Stripe keeps an
    error is given up for another: what it may have made was never confirmed.
    """
    if not order.payment_intent:
        try:
            return _made(order)
        except stripe.StripeError as error:
            if not _is_kept(error):
                raise
        _start_round(order, instead_of="")
        if not order.payment_intent:
            return _made(order)
    return client().v1.payment_intents.retrieve(order.payment_intent, WITH_CHARGE)


def card_of(intent: stripe.PaymentIntent) -> str:
    """The fingerprint of the card that a payment was made with; empty where Stripe tells none.

    A token need not have it; the charge does, where the card has one. It is told of
    intents that were asked for with ``WITH_CHARGE``.
    """
    details = getattr(intent.latest_charge, "payment_method_details", None)
    return getattr(getattr(details, "card", None), "fingerprint", None) or ""


def cancel_intent(order: Order) -> stripe.PaymentIntent:
    """Cancel an order's payment, where it can still be canceled; the intent as it is then."""
    intent = ensure_intent(order)
    if intent.status in {"succeeded", "processing", "canceled"}:
        return intent
    return client().v1.payment_intents.cancel(intent.id)


def replace_intent(order: Order, left_open: stripe.PaymentIntent) -> stripe.PaymentIntent:
    """Another intent in the place of one whose bank's page was left open.

    Such an intent takes no other card: it is canceled first. Where that became
    known before we went on, the order is over, and the canceled one the answer.
    """
    client().v1.payment_intents.cancel(left_open.id)
    _start_round(order, instead_of=left_open.id)
    return ensure_intent(order)


def _made(order: Order) -> stripe.PaymentIntent:
    intent = client().v1.payment_intents.create(
        {
            "amount": to_stripe_amount(order.total, order.currency),
            "currency": order.currency.lower(),
            "allowed_payment_method_types": methods_for_order(order),
            "metadata": {"order": order.number, "round": str(order.payment_round)},
            "statement_descriptor_suffix": order.number,
        },
        {"idempotency_key": f"intent-{order.number}-{order.payment_round}"},
    )
    noted = _in_round(order, intent="").update(payment_intent=intent.id)
    order.refresh_from_db()
    if noted:
        return intent
    if order.payment_intent:
        return client().v1.payment_intents.retrieve(order.payment_intent)
    # It took so long that the order is over, or in its next round: this one must not be paid.
    return client().v1.payment_intents.cancel(intent.id)


def _start_round(order: Order, *, instead_of: str) -> None:
    """Let an order have another payment, unless somebody else did, or it is over."""
    _in_round(order, instead_of).update(payment_intent="", payment_round=F("payment_round") + 1)
    order.refresh_from_db()


def _in_round(order: Order, intent: str) -> QuerySet[Order]:
    """The order's row, while it is as we know it; nobody's news are overwritten."""
    return Order.objects.filter(
        pk=order.pk, status__in=OPEN, payment_round=order.payment_round, payment_intent=intent
    )


def _is_kept(error: stripe.StripeError) -> bool:
    """Whether Stripe gives this answer for the key again, whenever it is asked."""
    if isinstance(error, stripe.IdempotencyError):
        return True  # Other parameters than the first time: a setting was changed in between.
    is_replayed = (error.headers or {}).get("Idempotent-Replayed") == "true"
    return is_replayed and (error.http_status or 0) >= 500
