"""Checkout, the order's page, and where Stripe's events arrive."""

import logging
from typing import Any

import stripe
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offers.verdicts import Verdict
from shop.bag.judging import JudgedBag, judge_bag
from shop.bag.lines import Bag
from shop.bag.refusal_counts import count_order
from shop.checkout import page_context
from shop.checkout.forms import CheckoutForm
from shop.checkout.placing import CostsOtherwise, NotPlaced, TooManyOpen, TotalChanged
from shop.checkout.purchase import UNDER_WAY, Purchase, buy, order_of
from shop.checkout.security import confidential, loads_stripe
from shop.core import preview
from shop.core.middleware import ShopRequest
from shop.orders.evidence import evidence_of
from shop.orders.links import order_from_token, order_path
from shop.orders.models import Order
from shop.payments import charging, event_inbox, webhooks
from shop.payments.settlement import give_up, lapse_due, settle_by_id

logger = logging.getLogger(__name__)

CARD_AGAIN = "The card details have been used or are too old. Enter the card again."
STRIPE_AWAY = (
    "The payment service does not answer. Nothing was ordered and nothing was charged. "
    "Your prices stay held; try again in a moment."
)
TOTAL_CHANGED = "The total has changed to {total}. Nothing was charged. Order again if you agree."
COSTS_OTHERWISE = (
    "Shipping or tax is not the same for this address. Nothing was charged, and your order stays "
    "as it was: pay it at the address it has, or cancel it on its page and order again."
)
TOO_MANY_OPEN = "Several of your orders wait to be paid. Pay or cancel one of them first."
NOTHING_CHARGED = "Nothing was charged. Change your bag, or try again in a moment."
COUNTED_BY = " Units are counted by mail address and card, as well as by browser."
ONLY_A_PREVIEW = "This is a preview. Nothing was ordered and nothing was charged."
STILL_HELD = "Nothing was charged. What you ordered stays yours for now; try another card."


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@loads_stripe
def checkout(request: ShopRequest) -> HttpResponse:
    """Address and payment on one page."""
    bag = Bag.from_request(request)
    if request.method != "POST":
        response = _show_checkout(request, bag)
    elif preview.is_on():
        response = _buy_nothing(request, bag)
    else:
        response = _buy(request, bag)
    bag.save(response)
    return response


def _show_checkout(request: ShopRequest, bag: Bag) -> HttpResponse:
    judged = judge_bag(bag, request.shopper, request.now)
    order = order_of(judged)
    if order is not None and order.status in UNDER_WAY:
        return _see_other(order_path(order))
    initial = page_context.address_of(order) if order else {}
    problem = order.decline_message if order else ""
    return _checkout_page(request, judged, CheckoutForm(initial=initial), problem, status=200)


def _buy(request: ShopRequest, bag: Bag) -> HttpResponse:
    now = request.now
    form = CheckoutForm(request.POST)
    if not form.is_valid():
        judged = judge_bag(bag, request.shopper, now)
        order = order_of(judged)
        if order is not None and order.status in UNDER_WAY:
            return _see_other(order_path(order))
        return _checkout_page(request, judged, form)
    purchase = Purchase(
        address=form.address(),
        shown_total=form.cleaned_data["shown_total"],
        token_id=form.cleaned_data["confirmation_token"],
    )
    try:
        order = buy(
            bag=bag,
            shopper=request.shopper,
            purchase=purchase,
            return_url=lambda order: request.build_absolute_uri(order_path(order)),
            now=now,
        )
    except TotalChanged as change:
        logger.info("refused at checkout: total changed")
        return _checkout_page(request, change.judged, form, TOTAL_CHANGED)
    except CostsOtherwise as refusal:
        logger.info("refused at checkout: another address costs something else")
        return _checkout_page(request, refusal.judged, form, COSTS_OTHERWISE)
    except TooManyOpen as refusal:
        logger.info("refused at checkout: too many open orders")
        return _checkout_page(request, refusal.judged, form, TOO_MANY_OPEN)
    except NotPlaced as refusal:
        verdicts = {line.verdict for line in refusal.judged.refused} | {refusal.verdict}
        logger.info("refused at checkout: %s", ", ".join(sorted(v for v in verdicts if v)))
        count_order(refusal.judged, refusal.verdict)
        problem = f"{refusal.verdict.sentence} {NOTHING_CHARGED}" if refusal.verdict else ""
        if refusal.verdict is Verdict.OVER_LIMIT:
            problem += COUNTED_BY
        return _checkout_page(request, refusal.judged, form, problem, verdict=refusal.verdict)
    except charging.Declined as decline:
        problem = f"{decline} {STILL_HELD}"
    except charging.TokenUnusable:
        problem = CARD_AGAIN
    except charging.PaymentUnclear:
        problem = STRIPE_AWAY
    else:
        _take_out_what_is_bought(bag, order)
        return _see_other(order_path(order))
    return _checkout_page(request, judge_bag(bag, request.shopper, now), form, problem)


def _buy_nothing(request: ShopRequest, bag: Bag) -> HttpResponse:
    judged = judge_bag(bag, request.shopper, request.now)
    form = CheckoutForm(initial=request.POST.dict())
    return _checkout_page(request, judged, form, ONLY_A_PREVIEW)


def _checkout_page(
    request: ShopRequest,
    judged: JudgedBag,
    form: CheckoutForm,
    problem: str = "",
    *,
    verdict: Verdict | None = None,
    status: int = 422,
) -> HttpResponse:
    order = order_of(judged)
    charge = page_context.charge_to_show(judged, order, form.destination)
    if charge is None or (order is None and not judged.can_check_out):
        if status == 200:
            return _see_other(reverse("bag:show"))
        context: dict[str, Any] = {"judged": judged, "now": judged.now, "problem": problem}
        return render(request, "bag/page.html", context, status=status)
    if order is None and charge.obstacle:
        # Said before a card is typed, where the bag can be changed.
        context = {"judged": judged, "now": judged.now, "problem": charge.obstacle}
        return render(request, "bag/page.html", context, status=422)
    context = page_context.checkout_context(
        judged, order, charge, form, problem.replace("{total}", charge.total_text)
    )
    return render(request, "checkout/page.html", {**context, "verdict": verdict}, status=status)


@require_safe
@confidential
@loads_stripe
def order(request: ShopRequest, token: str) -> HttpResponse:
    """An order, for whoever has its link; asked of Stripe first while it is open."""
    found = order_from_token(token)
    if found is None:
        raise Http404("No order has this address.")
    now = timezone.now()
    intent: stripe.PaymentIntent | None = None
    if found.is_open:
        lapse_due(now, [found])
        intent = settle_by_id(found, cause="order page", now=now)
    if "payment_intent" in request.GET:
        # What the bank's page adds is not believed, and its secret not kept in an address.
        return _see_other(request.path)
    is_own = found.shopper in request.shopper.ids
    bag = Bag.from_request(request)
    if is_own:
        _take_out_what_is_bought(bag, found)
    context = {**page_context.order_context(found, intent, is_own=is_own), "bag": bag}
    response = render(request, "checkout/order.html", context)
    bag.save(response)
    return response


@require_safe
@confidential
def evidence(request: ShopRequest, token: str) -> HttpResponse:
    """The signed offers of an order, each checked by the keys of today."""
    found = order_from_token(token)
    if found is None:
        raise Http404("No order has this address.")
    context = {
        "order": found,
        "evidence": evidence_of(found),
        "bag": Bag.from_request(request),
    }
    return render(request, "checkout/evidence.html", context)


@require_safe
@confidential
def my_order(request: ShopRequest, number: str) -> HttpResponse:
    """The way from a bag's line to the order that it is in."""
    found = get_object_or_404(Order, number=number, shopper__in=request.shopper.ids)
    return _see_other(order_path(found))


@require_POST
@confidential
def cancel(request: ShopRequest, token: str) -> HttpResponse:
    """Give an unpaid order up, by the browser that ordered; its offers are good again."""
    found = order_from_token(token)
    if found is None or found.shopper not in request.shopper.ids:
        raise Http404("No order of this browser has this address.")
    if found.is_open:
        give_up(found, cause="shopper", now=timezone.now(), canceled_as=Order.Status.CANCELED)
    return _see_other(order_path(found))


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """Stripe's events, written down and answered; anyone else's are refused."""
    try:
        event = webhooks.read_event(request.body, request.headers.get("Stripe-Signature", ""))
    except webhooks.NotFromStripe:
        return HttpResponse("Not signed by Stripe.", status=400, content_type="text/plain")
    event_inbox.act_soon(event_inbox.take_in(event, timezone.now()))
    return HttpResponse("Thank you.", content_type="text/plain")


def _take_out_what_is_bought(bag: Bag, order: Order) -> None:
    if order.status not in {Order.Status.PAID, Order.Status.PROCESSING}:
        return
    bought = set(order.lines.values_list("jti", flat=True))
    for line in [each for each in bag.lines if each.id in bought]:
        bag.remove(line)


def _see_other(path: str) -> HttpResponse:
    response = redirect(path)
    response.status_code = 303
    return response
