"""Checkout: address and payment on one page."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from functools import partial
from math import ceil

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from offers.verdicts import Verdict
from shop.bag.judging import JudgedBag, judge_bag, judge_by_showcase
from shop.bag.lines import Bag
from shop.bag.refusal_counts import count_order
from shop.checkout import page_context
from shop.checkout.forms import CheckoutForm
from shop.checkout.network_bound import Wait, network_of_shopper
from shop.checkout.placing import Address, charge_of
from shop.checkout.purchase import buy, order_of, remove_ordered_lines
from shop.checkout.refusals import CheckoutClosed, NotPlaced
from shop.checkout.security import loads_stripe
from shop.core import preview
from shop.core.outages import Unavailable, is_outage
from shop.core.page_cache import ALWAYS, pages
from shop.core.requests import ShopRequest
from shop.core.responses import see_other
from shop.core.unavailable import come_again, unavailable
from shop.orders.delivery_countries import delivery_countries
from shop.orders.links import order_path
from shop.orders.models import UNDER_WAY, Order
from shop.payments.charging import NotCharged
from shop.payments.stripe_amounts import obstacle

logger = logging.getLogger(__name__)


#: When to come again while checkout is closed: a restored shop is checked within minutes.
RETRY_AFTER_SECONDS = 60

ONLY_A_PREVIEW = "This is a preview. Nothing was ordered and nothing was charged."
NO_ORDERS_NOW = (
    "We cannot take orders this minute. Your prices stay held, and what you typed is still here. "
    "Try again in a moment: if you have paid already, that leads to your order; nothing is charged "
    "twice."
)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@loads_stripe
def checkout(request: ShopRequest) -> HttpResponse:
    """Address and payment on one page; 503 with what was typed while no order can be taken."""
    return _with_bag(request, _answer)


@require_POST
@never_cache
@loads_stripe
def address_fields(request: ShopRequest) -> HttpResponse:
    """The page with the fields of the chosen country, or that part of it; nothing is ordered."""
    typed = request.POST.dict()
    typed["email"] = typed.get("take_mail", typed.get("email", ""))
    typed["email_asked"] = typed.get("keep_mail", typed.get("email_asked", ""))
    form = CheckoutForm(initial=typed, shoppers=request.shopper.ids)
    if request.htmx:
        part = "region" if request.htmx.target == "region" else "email_remark"
        return render(request, f"checkout/page.html#{part}", {"form": form})
    return _with_bag(request, partial(_show_form, form=form))


def _with_bag(
    request: ShopRequest, answer: Callable[[ShopRequest, Bag], HttpResponse]
) -> HttpResponse:
    """An answer for a bag, with what has become of it; 503 while the database is away."""
    bag = Bag.from_request(request)
    try:
        response = answer(request, bag)
    except (DatabaseError, Unavailable) as error:
        if not is_outage(error):
            raise
        # The bag's cookie stays as it was brought.
        return _unavailable(request, error)
    bag.save(response)
    return response


def _show_form(request: ShopRequest, bag: Bag, form: CheckoutForm) -> HttpResponse:
    """The page with a form that nobody has sent yet."""
    judged = judge_bag(bag, request.shopper, request.now)
    if judged.facts.is_provisional:
        raise Unavailable("the database is away")
    return _checkout_page(request, judged, form, status=200)


def _answer(request: ShopRequest, bag: Bag) -> HttpResponse:
    if request.method != "POST":
        return _show_checkout(request, bag)
    return _buy_nothing(request, bag) if preview.is_on() else _buy(request, bag)


def _unavailable(request: ShopRequest, error: Exception) -> HttpResponse:
    """The page with what was typed and the bag as the showcase knows it.

    :raises ShowcaseUnavailable: it knows nothing
    """
    judged = judge_by_showcase(Bag.from_request(request), request.shopper, request.now)
    form = CheckoutForm(request.POST or None)
    form.is_valid()
    charge = charge_of(judged, form.destination)
    if charge is None or not judged.can_check_out:
        is_visit = request.method != "POST"
        return see_other(reverse("bag:show")) if is_visit else unavailable(request, error)
    context = page_context.checkout_context(judged, None, charge, form, NO_ORDERS_NOW)
    page = render(request, "checkout/page.html", {**context, "form": form}, status=503)
    return come_again(request, page, error)


def _show_checkout(
    request: ShopRequest, bag: Bag, invalid: CheckoutForm | None = None
) -> HttpResponse:
    """The page, with an invalid form or a new one; or the order's page, if it is paid for."""
    judged = judge_bag(bag, request.shopper, request.now)
    if judged.facts.is_provisional:
        raise Unavailable("the database is away")
    order = order_of(judged)
    if order is not None and order.status in UNDER_WAY:
        return see_other(order_path(order))
    if order is None and judged.facts.snapshot.is_checkout_closed:
        form = invalid or CheckoutForm()
        return _checkout_page(request, judged, form, CheckoutClosed.text, status=503)
    if invalid is not None:
        return _checkout_page(request, judged, invalid)
    if order is None:
        return _checkout_page(request, judged, None, status=200)
    form = CheckoutForm(initial=asdict(Address.of(order)), shoppers=request.shopper.ids)
    return _checkout_page(request, judged, form, order.decline_message, status=200)


def _buy(request: ShopRequest, bag: Bag) -> HttpResponse:
    form = CheckoutForm(request.POST, shoppers=request.shopper.ids)
    if not form.is_valid():
        return _show_checkout(request, bag, form)
    try:
        order = _order(request, bag, form)
    except NotPlaced as refusal:
        return _not_placed(request, form, refusal)
    except NotCharged as failure:
        logger.info("not charged: %s", type(failure).__name__)
        judged = judge_bag(bag, request.shopper, request.now)
        return _checkout_page(request, judged, form, failure.text)
    remove_ordered_lines(bag, order)
    return see_other(order_path(order))


def _order(request: ShopRequest, bag: Bag, form: CheckoutForm) -> Order:
    """The order of a bag, charged by what a valid form says.

    :raises NotPlaced: nothing was ordered
    :raises NotCharged: it was, and is not paid
    """
    return buy(
        bag=bag,
        shopper=request.shopper,
        purchase=form.purchase(network=network_of_shopper(request)),
        return_url=lambda order: request.build_absolute_uri(order_path(order)),
        now=request.now,
    )


def _not_placed(request: ShopRequest, form: CheckoutForm, refusal: NotPlaced) -> HttpResponse:
    """Why nothing was ordered, with bag and address kept; counted and logged."""
    _count(refusal)
    return _checkout_page(
        request,
        refusal.judged,
        form,
        refusal.text,
        verdict=refusal.verdict,
        status=refusal.status,
        wait=refusal.wait,
    )


def _count(refusal: NotPlaced) -> None:
    """Log why an order was not placed, and count offers that were refused."""
    if type(refusal) is not NotPlaced:
        logger.info("refused at checkout: %s", type(refusal).__name__)
        return
    verdicts = {line.verdict for line in refusal.judged.refused} | {refusal.verdict}
    logger.info("refused at checkout: %s", ", ".join(sorted(v for v in verdicts if v)))
    count_order(refusal.judged, refusal.verdict)


def _buy_nothing(request: ShopRequest, bag: Bag) -> HttpResponse:
    judged = judge_bag(bag, request.shopper, request.now)
    form = CheckoutForm(initial=request.POST.dict())
    return _checkout_page(request, judged, form, ONLY_A_PREVIEW)


def _checkout_page(
    request: ShopRequest,
    judged: JudgedBag,
    form: CheckoutForm | None,
    problem: str = "",
    *,
    verdict: Verdict | None = None,
    status: int = 422,
    wait: Wait | None = None,
) -> HttpResponse:
    """The page; or the bag's, where that has to be changed first.

    :param form: None for one that nobody has filled in
    """
    order = order_of(judged)
    charge = order.charge if order else charge_of(judged, form.destination if form else None)
    if charge is None or (order is None and not judged.can_check_out):
        if status == 200:
            return see_other(reverse("bag:show"))
        return _bag(request, judged, problem, status, wait)
    # Before a card is entered.
    if order is None and (reason := obstacle(charge.total, charge.currency)):
        return _bag(request, judged, reason)
    context = page_context.checkout_context(judged, order, charge, form, problem)
    if form is None:
        return _blank_page(request, context)
    page = {**context, "form": form, "verdict": verdict, "wait": wait}
    response = render(request, "checkout/page.html", page, status=status)
    return _with_retry(response, wait, judged.facts.now)


def _blank_page(request: ShopRequest, context: Mapping[str, object]) -> HttpResponse:
    """The page with a form that nobody has filled in: all of it but the bag is kept."""
    return pages.response(
        request,
        "checkout/page.html",
        key=settings.SHOP_COUNTRY,
        source=delivery_countries(),
        now=request.now,
        period=lambda: ALWAYS,
        shared={"form": SimpleLazyObject(CheckoutForm)},
        own=context,
    )


def _bag(
    request: ShopRequest,
    judged: JudgedBag,
    problem: str,
    status: int = 422,
    wait: Wait | None = None,
) -> HttpResponse:
    context = {"judged": judged, "now": judged.facts.now, "problem": problem, "wait": wait}
    response = render(request, "bag/page.html", context, status=status)
    return _with_retry(response, wait, judged.facts.now)


def _with_retry(response: HttpResponse, wait: Wait | None, now: datetime) -> HttpResponse:
    """Say when to come again, where the shop cannot sell just now."""
    if response.status_code == 503:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    elif wait is not None:
        response["Retry-After"] = str(ceil((wait.try_again_at - now).total_seconds()))
    return response
