"""Checkout: address and payment on one page."""

import logging
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from offers.verdicts import Verdict
from shop.bag.judged import JudgedBag
from shop.bag.judging import judge_bag
from shop.bag.lines import Bag
from shop.bag.refusal_counts import count_order
from shop.checkout import page_context
from shop.checkout.forms import CheckoutForm
from shop.checkout.placing import CostsOtherwise, NotPlaced, TooManyOpen, TotalChanged
from shop.checkout.purchase import (
    Purchase,
    buy,
    order_of,
    remove_ordered_lines,
)
from shop.checkout.security import loads_stripe
from shop.core import preview
from shop.core.requests import ShopRequest
from shop.core.responses import see_other
from shop.orders.links import order_path
from shop.orders.models import UNDER_WAY
from shop.payments import charging
from shop.payments.stripe_amounts import obstacle

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
        return see_other(order_path(order))
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
            return see_other(order_path(order))
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
        remove_ordered_lines(bag, order)
        return see_other(order_path(order))
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
            return see_other(reverse("bag:show"))
        context: dict[str, Any] = {"judged": judged, "now": judged.now, "problem": problem}
        return render(request, "bag/page.html", context, status=status)
    problem_with_sum = obstacle(charge.total, charge.currency) if order is None else ""
    if problem_with_sum:
        # Said before a card is typed, where the bag can be changed.
        context = {"judged": judged, "now": judged.now, "problem": problem_with_sum}
        return render(request, "bag/page.html", context, status=422)
    context = page_context.checkout_context(
        judged, order, charge, form, problem.replace("{total}", charge.total_text)
    )
    return render(request, "checkout/page.html", {**context, "verdict": verdict}, status=status)
