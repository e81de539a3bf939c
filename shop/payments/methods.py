"""Payment methods: cards and their wallets, and delayed methods where a sale allows them.

Debits settle in days and can hardly be canceled, and hold stock so long: they
are offered only where every sale in the order allows them.
"""

from collections.abc import Iterable

from django.conf import settings

from shop.orders.models import Order


def methods_for_order(order: Order) -> list[str]:
    """Stripe's names of the methods that an order may be paid with."""
    lines = order.lines.select_related("deal__sale")
    return allowed_methods(
        line.deal is not None and line.deal.sale.delayed_payment for line in lines
    )


def allowed_methods(wants_delayed: Iterable[bool]) -> list[str]:
    """Stripe's names of the methods, by whether each line allows delayed ones."""
    methods: list[str] = list(settings.STRIPE_PAYMENT_METHOD_TYPES)
    if all(wants_delayed):
        methods += settings.STRIPE_DELAYED_METHOD_TYPES
    return methods
