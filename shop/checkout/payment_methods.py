"""The payment methods that the checkout page offers for a bag."""

from shop.bag.judged import JudgedBag
from shop.payments.methods import allowed_methods


def methods_for_bag(judged: JudgedBag) -> list[str]:
    """Stripe's names of the methods that the checkout page offers."""
    return allowed_methods(
        line.deal is not None and line.deal.delayed_payment for line in judged.honored
    )
