"""The PaymentIntent of an order: create, find, cancel, replace; and its payment methods."""

from collections.abc import Iterable
from functools import cache

import stripe
from django.conf import settings
from django.db import connection
from django.db.models import F, QuerySet
from stripe.params import PaymentIntentRetrieveParams

from shop.core.compiled_sql import CompiledQuery, Parameter
from shop.orders.models import OPEN, Order, OrderLine
from shop.payments.order_metadata import metadata_of
from shop.payments.shipping import ShippingAddress
from shop.payments.stripe_amounts import to_stripe_amount
from shop.payments.stripe_client import client
from shop.payments.stripe_metadata import metadata_in

#: Retrieves an intent together with its charge.
WITH_CHARGE: PaymentIntentRetrieveParams = {"expand": ["latest_charge"]}


def ensure_intent(order: Order, *, token_id: str = "") -> stripe.PaymentIntent:
    """The order's PaymentIntent as Stripe has it now; created, unconfirmed, where there is none.

    By the order's own idempotency key, one whose id was lost in a crash is found. Where Stripe
    replays an error for it, another is used: what the first may have made was never confirmed.

    :param token_id: the card's token that a new one will be confirmed with; stored with its id
    """
    if not order.payment_intent:
        try:
            return _create(order, token_id)
        except stripe.StripeError as error:
            if not _is_replayed(error):
                raise
        _start_round(order, instead_of="")
        if not order.payment_intent:
            return _create(order, token_id)
    return client().v1.payment_intents.retrieve(order.payment_intent, WITH_CHARGE)


def card_fingerprint(method: object) -> str:
    """Stripe's fingerprint of the card in its details of a method; empty where it gives none."""
    return getattr(getattr(method, "card", None), "fingerprint", None) or ""


def methods_for_order(order: Order) -> list[str]:
    """Stripe's names of the methods that an order may be paid with."""
    lines = _delayed_payment_statement(connection.vendor).rows({"order": order.pk})
    # None for a line at list price, of no sale.
    return allowed_methods(bool(delayed_payment) for (delayed_payment,) in lines)


def allowed_methods(allows_delayed: Iterable[bool]) -> list[str]:
    """Stripe's names of the methods: delayed ones only where the sale of every line allows them.

    Debits settle in days and can hardly be canceled, and hold stock so long.
    """
    methods: list[str] = list(settings.STRIPE_PAYMENT_METHOD_TYPES)
    if all(allows_delayed):
        methods += settings.STRIPE_DELAYED_METHOD_TYPES
    return methods


def cancel_intent(
    order: Order, *, listed: stripe.PaymentIntent | None = None
) -> stripe.PaymentIntent:
    """Cancel an order's payment if that is still possible; the intent as it is then.

    :param listed: as Stripe's list showed it a moment ago, in place of asking for it first
    :raises stripe.InvalidRequestError: its status has changed since
    """
    intent = listed or ensure_intent(order)
    if intent.status in {"succeeded", "processing", "canceled"}:
        return intent
    return client().v1.payment_intents.cancel(intent.id)


def replace_intent(order: Order, left_open: stripe.PaymentIntent) -> stripe.PaymentIntent:
    """Another intent in place of one whose bank's page was left open: that takes no other card.

    :returns: the new intent; or the canceled one, if the order was settled by it meanwhile
    """
    client().v1.payment_intents.cancel(left_open.id)
    _start_round(order, instead_of=left_open.id)
    return ensure_intent(order)


def describe_order(intent: stripe.PaymentIntent, order: Order) -> None:
    """Have an unpaid payment say of its order what is true now: the address may be another.

    :raises stripe.StripeError: Stripe cannot be asked
    """
    said, shipping = metadata_in(intent), ShippingAddress.of_order(order)
    is_true = said.get("email") == order.email and ShippingAddress.of_intent(intent) == shipping
    # Payments of an older release say nothing of their order.
    if not is_true or "issuer" not in said:
        client().v1.payment_intents.update(
            intent.id, {"metadata": {**metadata_of(order)}, "shipping": shipping.for_stripe}
        )


def _create(order: Order, token_id: str) -> stripe.PaymentIntent:
    intent = client().v1.payment_intents.create(
        {
            "amount": to_stripe_amount(order.total, order.currency),
            "currency": order.currency.lower(),
            "allowed_payment_method_types": methods_for_order(order),
            "metadata": metadata_of(order),
            "shipping": ShippingAddress.of_order(order).for_stripe,
            "statement_descriptor_suffix": order.number,
        },
        {"idempotency_key": f"intent-{order.number}-{order.payment_round}"},
    )
    is_stored = _in_round(order, intent="").update(
        payment_intent=intent.id, confirmation_token=token_id or F("confirmation_token")
    )
    order.refresh_from_db()
    if is_stored:
        return intent
    if order.payment_intent:
        return client().v1.payment_intents.retrieve(order.payment_intent)
    # Meanwhile the order ended, or began its next round: this intent must not be paid.
    return client().v1.payment_intents.cancel(intent.id)


@cache
def _delayed_payment_statement(vendor: str) -> CompiledQuery:
    lines = OrderLine.objects.filter(order=Parameter("order")).order_by()
    return CompiledQuery.select(lines.values_list("deal__sale__delayed_payment"))


def _start_round(order: Order, *, instead_of: str) -> None:
    """Begin another payment round, unless the order is over or has begun it already."""
    _in_round(order, instead_of).update(payment_intent="", payment_round=F("payment_round") + 1)
    order.refresh_from_db()


def _in_round(order: Order, intent: str) -> QuerySet[Order]:
    """The order's row, if it is open and its payment still the one we know."""
    return Order.objects.filter(
        pk=order.pk, status__in=OPEN, payment_round=order.payment_round, payment_intent=intent
    )


def _is_replayed(error: stripe.StripeError) -> bool:
    """Whether Stripe will give this error for the idempotency key every time."""
    if isinstance(error, stripe.IdempotencyError):
        return True  # Other parameters than the first time: a setting was changed.
    was_replayed = (error.headers or {}).get("Idempotent-Replayed") == "true"
    return was_replayed and (error.http_status or 0) >= 500
