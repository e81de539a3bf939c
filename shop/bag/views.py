"""The bag's page and its three forms.

A form that is done answers 303 to the bag, one that is not 422 with what stood
in the way. A request by htmx gets the same status with a fragment, and no
address to go to: the fragment is the answer.
"""

import logging

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from offers.verdicts import Verdict
from shop.bag import operations
from shop.bag.forms import AddForm, LineForm, UpdateForm
from shop.bag.judging import judge_bag
from shop.bag.lines import Bag
from shop.bag.operations import BagChange, Obstacle
from shop.bag.refusal_counts import count_line
from shop.core.error_views import cookies_needed
from shop.core.requests import ShopRequest
from shop.core.responses import see_other

logger = logging.getLogger(__name__)

private = cache_control(private=True, no_cache=True)


@require_safe
@private
def show(request: ShopRequest) -> HttpResponse:
    """The bag, every line judged now."""
    now = request.now
    bag = Bag.from_request(request)
    judged = judge_bag(bag, request.shopper, now)
    fragments = {"bag": "#bag", "bag-link": "#bag_link", "bag-bar": "#bag_bar"}
    template = "bag/page.html" + fragments.get(request.htmx.target or "", "")
    response = render(request, template, {"bag": bag, "judged": judged, "now": now})
    if request.htmx:
        # The Back button is to find the page at this address, never a part of it.
        response["Cache-Control"] = "no-store"
    bag.save(response)
    return response


@require_POST
def add(request: ShopRequest) -> HttpResponse:
    """Take an offer along."""
    now = request.now
    bag = Bag.from_request(request)
    keeps_cookies = request.shopper.is_known
    form = AddForm({"quantity": 1, **request.POST.dict()})
    if "offer" in form.errors:
        change = operations.add(bag, "", variant="", quantity=1, shopper=request.shopper, now=now)
    elif not form.is_valid():
        judged = judge_bag(bag, request.shopper, now)
        change = BagChange(judged=judged, obstacle=Obstacle.BAD_QUANTITY)
    else:
        change = operations.add(
            bag,
            form.cleaned_data["offer"],
            variant=form.cleaned_data["variant"],
            quantity=form.cleaned_data["quantity"],
            shopper=request.shopper,
            now=now,
        )
    if isinstance(change.obstacle, Verdict) and change.subject is not None:
        count_line(change.subject, change.judged, change.obstacle)
    if change.obstacle is Verdict.NOT_YOURS and not keeps_cookies:
        return cookies_needed(request)
    return _answer(request, bag, change, fragment="added")


@require_POST
def update(request: ShopRequest) -> HttpResponse:
    """Another quantity, or a yes to the price of now."""
    now = request.now
    bag = Bag.from_request(request)
    form = UpdateForm(request.POST)
    if not form.is_valid():
        change = BagChange(
            judged=judge_bag(bag, request.shopper, now), obstacle=Obstacle.BAD_QUANTITY
        )
        return _answer(request, bag, change)
    line, given = form.cleaned_data["line"], form.cleaned_data
    if given["accept_amount"] is not None:
        change = operations.accept_amount(
            bag, line, amount=given["accept_amount"], shopper=request.shopper, now=now
        )
    else:
        change = operations.set_quantity(
            bag,
            line,
            variant=given["variant"],
            quantity=given["quantity"] or 0,
            shopper=request.shopper,
            now=now,
        )
    return _answer(request, bag, change)


@require_POST
def remove(request: ShopRequest) -> HttpResponse:
    """Take a line out."""
    now = request.now
    bag = Bag.from_request(request)
    form = LineForm(request.POST)
    line = form.cleaned_data["line"] if form.is_valid() else ""
    change = operations.remove(
        bag, line, variant=form.cleaned_data.get("variant", ""), shopper=request.shopper, now=now
    )
    return _answer(request, bag, change)


def _answer(
    request: ShopRequest, bag: Bag, change: BagChange, *, fragment: str = "bag"
) -> HttpResponse:
    if change.obstacle is not None:
        logger.info("refused in the bag: %s", change.obstacle)
    if change.is_done and not request.htmx:
        response = see_other(reverse("bag:show"))
    else:
        template = f"bag/page.html#{fragment}" if request.htmx else "bag/page.html"
        context = {
            "bag": bag,
            "judged": change.judged,
            "change": change,
            "now": change.judged.now,
            "verdict": change.obstacle if isinstance(change.obstacle, Verdict) else None,
        }
        response = render(request, template, context, status=303 if change.is_done else 422)
    bag.save(response)
    return response
