"""The signed link of an order, which opens its page without an account."""

from django.urls import reverse

from offers import conf, tokens
from shop.orders.models import Order

ORDER = tokens.Kind(
    typ="order+jwt",
    audience="orders",
    claims={"sub": lambda value: isinstance(value, str) and 0 < len(value) <= 20},
)


def order_path(order: Order) -> str:
    """The path of an order's page."""
    return reverse("checkout:order", args=[order_token(order)])


def order_token(order: Order) -> str:
    """The token in an order's link. It grants access, so it must stay out of logs."""
    return tokens.sign(ORDER, {"sub": order.number}, conf.ring().active)


def order_from_token(token: str) -> Order | None:
    """The order of a link; None where the link is not one of ours."""
    try:
        number = tokens.read(token, ORDER, conf.ring())["sub"]
    except tokens.Unreadable:
        return None
    return Order.objects.filter(number=number).first()
