"""The signed link of an order, which opens its page without an account."""

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse

from offers import conf, tokens
from shop.orders.models import Order

ORDER = tokens.Kind(
    typ="order+jwt",
    audience="orders",
    claims={"sub": lambda value: isinstance(value, str) and 0 < len(value) <= 20},
)


def order_path(order: Order) -> str:
    """The path of an order's page. Its token grants access, so it must stay out of logs."""
    token = tokens.sign(ORDER, {"sub": order.number}, conf.site_ring().active)
    return reverse("checkout:order", args=[token])


def order_from_token(token: str) -> Order:
    """The order of a link.

    :raises Http404: the link is not one of ours
    """
    try:
        number = tokens.read(token, ORDER, conf.site_ring())["sub"]
    except tokens.Unreadable:
        raise Http404("No order has this address.") from None
    return get_object_or_404(Order, number=number)
