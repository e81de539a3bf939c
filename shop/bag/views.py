"""The bag's page and its three forms.

A form that is done answers 303 to the bag, one that is not 422 with the
obstacle. A request by htmx gets the same status with a fragment, and no
address to go to: the fragment is the answer.
"""

import logging
from collections.abc import Mapping

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from offers.verdicts import Verdict
from shop.bag import operations
from shop.bag.forms import AddForm, UpdateForm
from shop.bag.judging import judge_bag
from shop.bag.lines import Bag
from shop.bag.operations import BagChange, Obstacle
from shop.bag.refusal_counts import count_line
from shop.core.cache_headers import NOT_STORED
from shop.core.error_views import cookies_needed
from shop.core.page_cache import ALWAYS, pages
from shop.core.requests import ShopRequest
from shop.core.responses import see_other

logger = logging.getLogger(__name__)


@require_safe
def show(request: ShopRequest) -> HttpResponse:
    """The bag, every line judged now."""
    bag = Bag.from_request(request)
    judged = judge_bag(bag, request.shopper, request.now)
    context = {"bag": bag, "bag_total": judged.total_text, "judged": judged, "now": request.now}
    response = _fragment(request, context) if request.htmx else _page(request, context)
    bag.save(response)
    return response


def _fragment(request: ShopRequest, context: Mapping[str, object]) -> HttpResponse:
    fragments = {"bag": "#bag", "bag-link": "#bag_link", "bag-bar": "#bag_bar"}
    template = "bag/page.html" + fragments.get(request.htmx.target or "", "")
    response = render(request, template, context)
    # The Back button has to find the page at this address, never a part of it.
    response["Cache-Control"] = NOT_STORED
    return response


def _page(request: ShopRequest, context: Mapping[str, object]) -> HttpResponse:
    """The page, of which all but the bag is kept."""
    return pages.response(
        request,
        "bag/page.html",
        key=settings.SHOP_NAME,
        source=settings,
        now=request.now,
        period=lambda: ALWAYS,
        shared={},
        own=context,
    )


@require_POST
def add(request: ShopRequest) -> HttpResponse:
    """Add units of an offer to the bag."""
    bag, keeps_cookies = Bag.from_request(request), request.shopper.is_known
    form = AddForm({"quantity": 1, **request.POST.dict()})
    if form.is_valid():
        # Text of any form: what is no offer is refused as forged.
        message = request.POST.get("offer", "")
        change = operations.add(
            bag, message, **form.cleaned_data, shopper=request.shopper, now=request.now
        )
    else:
        change = _bad_quantity(request, bag)
    if isinstance(change.obstacle, Verdict) and change.judged_line is not None:
        count_line(change.judged_line.line, change.judged.facts, change.obstacle)
    if change.obstacle is Verdict.NOT_YOURS and not keeps_cookies:
        return cookies_needed(request)
    return _answer(request, bag, change, fragment="added")


@require_POST
def update(request: ShopRequest) -> HttpResponse:
    """Change the quantity of a line, or accept what its product costs now."""
    bag, form = Bag.from_request(request), UpdateForm(request.POST)
    if not form.is_valid():
        return _answer(request, bag, _bad_quantity(request, bag))
    given, line = form.cleaned_data, form.cleaned_data["line"]
    if (amount := given["accept_amount"]) is not None:
        change = operations.accept_amount(
            bag, line, amount=amount, shopper=request.shopper, now=request.now
        )
    else:
        change = operations.set_quantity(
            bag,
            line,
            variant=given["variant"],
            quantity=given["quantity"] or 0,
            shopper=request.shopper,
            now=request.now,
        )
    return _answer(request, bag, change)


@require_POST
def remove(request: ShopRequest) -> HttpResponse:
    """Remove a line, or a variant of it."""
    bag = Bag.from_request(request)
    line, variant = request.POST.get("line", ""), request.POST.get("variant", "")
    change = operations.remove(bag, line, variant=variant, shopper=request.shopper, now=request.now)
    return _answer(request, bag, change)


def _bad_quantity(request: ShopRequest, bag: Bag) -> BagChange:
    judged = judge_bag(bag, request.shopper, request.now)
    return BagChange(judged, obstacle=Obstacle.BAD_QUANTITY)


def _answer(
    request: ShopRequest, bag: Bag, change: BagChange, *, fragment: str = "bag"
) -> HttpResponse:
    obstacle = change.obstacle
    if obstacle is not None:
        logger.info("refused in the bag: %s", obstacle)
    if obstacle is None and not request.htmx:
        response = see_other(reverse("bag:show"))
    else:
        template = f"bag/page.html#{fragment}" if request.htmx else "bag/page.html"
        context = {
            "bag": bag,
            "bag_total": change.judged.total_text,
            "judged": change.judged,
            "change": change,
            "now": request.now,
            "verdict": obstacle if isinstance(obstacle, Verdict) else None,
        }
        response = render(request, template, context, status=422 if obstacle else 303)
    bag.save(response)
    return response
