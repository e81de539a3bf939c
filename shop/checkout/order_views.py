"""The order's page, its evidence, and canceling an unpaid order."""

import stripe
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from shop.bag.lines import Bag
from shop.checkout import page_context
from shop.checkout.purchase import remove_ordered_lines
from shop.checkout.security import confidential, loads_stripe
from shop.core.requests import ShopRequest
from shop.core.responses import see_other
from shop.orders.evidence import evidence_of
from shop.orders.links import order_from_token, order_path
from shop.orders.models import Order
from shop.payments.settlement import cancel_for_shopper, expire_due, settle_by_id


@require_safe
@confidential
@loads_stripe
def order(request: ShopRequest, token: str) -> HttpResponse:
    """The page of an order, by its signed link; while it is open, Stripe is asked first."""
    found = order_from_token(token)
    intent: stripe.PaymentIntent | None = None
    if found.is_open:
        expire_due(request.now, [found])
        intent = settle_by_id(found, cause="order page", now=request.now)
    if "payment_intent" in request.GET:
        # What the bank's page adds is not trusted, and its secret must not stay in the address.
        return see_other(request.path)
    is_own = found.shopper in request.shopper.ids
    bag = Bag.from_request(request)
    if is_own:
        remove_ordered_lines(bag, found)
    context = {**page_context.order_context(found, intent, is_own=is_own), "bag": bag}
    response = render(request, "checkout/order.html", context)
    bag.save(response)
    return response


@require_safe
@confidential
def evidence(request: ShopRequest, token: str) -> HttpResponse:
    """The signed offers of an order, each checked by the keys of today."""
    found = order_from_token(token)
    context = {"order": found, "evidence": evidence_of(found), "bag": Bag.from_request(request)}
    return render(request, "checkout/evidence.html", context)


@require_safe
@confidential
def my_order(request: ShopRequest, number: str) -> HttpResponse:
    """Redirect from a bag's line to the order that it is in."""
    found = get_object_or_404(Order, number=number, shopper__in=request.shopper.ids)
    return see_other(order_path(found))


@require_POST
@confidential
def cancel(request: ShopRequest, token: str) -> HttpResponse:
    """Cancel an unpaid order, from the browser that ordered; its offers are good again."""
    found = order_from_token(token)
    if found.shopper not in request.shopper.ids:
        raise Http404("No order of this browser has this address.")
    cancel_for_shopper(found, now=request.now)
    return see_other(order_path(found))
