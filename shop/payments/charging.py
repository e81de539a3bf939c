"""Payment: one PaymentIntent for an order, confirmed on the server with the shopper's token.

``settlement`` alone changes orders by Stripe's answers. No call is made inside a transaction.
"""

from datetime import datetime

import stripe

from shop.core.machine_clock import unix_seconds
from shop.orders.models import Order
from shop.payments import settlement
from shop.payments.intents import describe_order, ensure_intent, replace_intent
from shop.payments.stripe_client import client


class NotCharged(Exception):
    """The card was not charged, or Stripe does not say so; ``text`` is for the shopper."""

    text: str


class TokenUnusable(NotCharged):
    """The ConfirmationToken is unknown, used or expired: the card has to be entered again."""

    text = "The card details have been used or are too old. Enter the card again."


class Declined(NotCharged):
    """The bank declined the card; the order keeps its claim for another one.

    :param reason: Stripe's, written for shoppers
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.text = (
            f"{reason} Nothing was charged. What you ordered stays yours for now; try another card."
        )


class PaymentUnclear(NotCharged):
    """Stripe did not answer, or not clearly: the payment may or may not have been made."""

    text = (
        "The payment service does not answer. Nothing was ordered and nothing was charged. "
        "Your prices stay held; try again in a moment."
    )


def retrieve_token(token_id: str) -> stripe.ConfirmationToken:
    """The token that the shopper's page made of a card.

    :raises TokenUnusable: Stripe does not know it, or it has expired
    :raises PaymentUnclear: Stripe cannot be asked
    """
    try:
        token = client().v1.confirmation_tokens.retrieve(token_id)
    except stripe.InvalidRequestError:
        raise TokenUnusable from None
    except stripe.StripeError as error:
        raise PaymentUnclear from error
    if token.expires_at is not None and token.expires_at <= unix_seconds():
        raise TokenUnusable
    return token


def pay(order: Order, token_id: str, *, return_url: str, now: datetime) -> None:
    """Confirm the payment of an order, and settle the order; with the same token, only once.

    :raises Declined: the order stays pending and keeps its claim for another card
    :raises TokenUnusable: the payment still waits for a card
    :raises PaymentUnclear: the order stays as it is until Stripe can be asked
    """
    try:
        intent = ensure_intent(order, token_id=token_id)
        # With the same token, the bank still waits for the shopper.
        if intent.status == "requires_action" and order.confirmation_token != token_id:
            intent = replace_intent(order, intent)
        if intent.status == "requires_payment_method":
            describe_order(intent, order)
            if order.confirmation_token != token_id:
                Order.objects.filter(pk=order.pk).update(confirmation_token=token_id)
            intent = client().v1.payment_intents.confirm(
                intent.id,
                {
                    "confirmation_token": token_id,
                    "return_url": return_url,
                    "expand": ["latest_charge"],
                },
                {"idempotency_key": f"confirm-{order.number}-{token_id}"},
            )
    except stripe.CardError as error:
        settlement.settle_by_id(order, cause="declined", now=now)
        raise Declined(error.user_message or "The card was declined.") from error
    except stripe.InvalidRequestError as error:
        # Another tab was faster, or the token was used: ask Stripe how the payment stands.
        settled = settlement.settle_by_id(order, cause="checkout", now=now)
        if settled is None or settled.status == "requires_payment_method":
            raise TokenUnusable from error
    except stripe.StripeError as error:
        # No answer, a 5xx, or a 409: the same request is under way.
        raise PaymentUnclear from error
    else:
        settlement.settle(order, intent, cause="checkout", now=now)
