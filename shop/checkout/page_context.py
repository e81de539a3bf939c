"""Template context of the checkout page and the order page."""

from typing import Any
from zoneinfo import ZoneInfo

import stripe
from django.conf import settings
from django.db.models import Q

from shop.bag.judging import JudgedBag
from shop.checkout.forms import CheckoutForm
from shop.orders.charge import Charge
from shop.orders.models import CANCELABLE, Order, Refund
from shop.payments.intents import allowed_methods, methods_for_order
from shop.payments.stripe_amounts import to_stripe_amount
from shop.payments.stripe_client import script_url


def checkout_context(
    judged: JudgedBag, order: Order | None, charge: Charge, form: CheckoutForm | None, problem: str
) -> dict[str, Any]:
    """Context of the checkout page, but for its form.

    :param form: None for one that nobody has filled in
    """
    if order is not None:
        methods = methods_for_order(order)
    else:
        deals = [line.deal for line in judged.honored]
        methods = allowed_methods(deal is not None and deal.delayed_payment for deal in deals)
    return {
        "judged": judged,
        "order": order,
        "is_new": order is None and (form is None or not form.is_bound),
        "has_errors": form is not None and bool(form.errors),
        "charge": charge,
        "problem": problem,
        "now": judged.facts.now,
        "stripe": {
            "publishable_key": settings.STRIPE_PUBLISHABLE_KEY,
            "script": script_url(),
            "allowed_payment_method_types": methods,
            "amount": to_stripe_amount(charge.total, charge.currency),
            "currency": charge.currency.lower(),
        },
    }


def order_context(
    order: Order, intent: stripe.PaymentIntent | None, *, is_own: bool
) -> dict[str, Any]:
    """Context of an order's page; address and payment are for the browser that ordered."""
    lines = list(order.lines.select_related("variant__product", "deal__sale"))
    zones = [line.deal.sale.zone for line in lines if line.deal is not None]
    refused_at_once = Q(status=Refund.Status.FAILED, stripe_id="")
    refunds = order.refunds.exclude(refused_at_once).prefetch_related("lines__order_line")
    return {
        "order": order,
        "lines": lines,
        "history": order.history.all(),
        "refunds": refunds,
        "zone": zones[0] if zones else ZoneInfo(settings.TIME_ZONE),
        "is_own": is_own,
        "next_action": _next_action(intent) if is_own else None,
        "can_cancel": is_own and order.status in CANCELABLE and not order.is_cancel_asked,
        "can_pay": is_own and order.status == Order.Status.PENDING,
    }


def _next_action(intent: stripe.PaymentIntent | None) -> dict[str, str] | None:
    """How the shopper answers the bank: at an address, or through Stripe.js."""
    if intent is None or intent.status != "requires_action" or intent.next_action is None:
        return None
    # Absent, not null, where Stripe.js answers the bank: then there is no address to go to.
    redirect = getattr(intent.next_action, "redirect_to_url", None)
    if redirect is not None and redirect.url:
        return {"url": redirect.url}
    return {
        "client_secret": intent.client_secret or "",
        "publishable_key": settings.STRIPE_PUBLISHABLE_KEY,
        "script": script_url(),
    }
