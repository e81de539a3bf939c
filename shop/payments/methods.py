"""How an order may be paid: cards and the wallets that ride on them, and what a sale adds.

Debits settle in days and can hardly be canceled, so that flash stock would
hang on them: they are offered only where every sale in the order wants them.
"""

from collections.abc import Iterable

from django.conf import settings

from shop.orders.models import Order


def methods_for_order(order: Order) -> list[str]:
    """The same for an order that was placed: its payment allows what its page offered."""
    lines = order.lines.select_related("deal__sale")
    return allowed_methods(
        line.deal is not None and line.deal.sale.delayed_payment for line in lines
    )


def allowed_methods(wants_delayed: Iterable[bool]) -> list[str]:
    methods: list[str] = list(settings.STRIPE_PAYMENT_METHOD_TYPES)
    if all(wants_delayed):
        methods += settings.STRIPE_DELAYED_METHOD_TYPES
    return methods
