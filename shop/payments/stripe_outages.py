"""Outages of Stripe: since when nobody can pay."""

from datetime import datetime

import stripe

from shop.payments.stripe_client import client
from shop.sales.models import Outage
from shop.sales.outage_watch import OutageWatch, write

#: The same request is under way: Stripe answers.
_CONFLICT = 409


def _stripe_answers() -> bool:
    """Whether Stripe answers; what it may refuse to tell us does not matter."""
    try:
        client().v1.payment_intents.list({"limit": 1})
    except (stripe.InvalidRequestError, stripe.PermissionError):
        return True
    except stripe.StripeError:
        return False
    return True


stripe_outages = OutageWatch(Outage.Cause.STRIPE, _stripe_answers, write)


def note_failure(error: BaseException | None, at: datetime) -> None:
    """Note that a payment failed because Stripe gave no answer.

    :param error: Stripe's own; one that says that it is at work on the same request is none
    :param at: when the request came
    """
    if getattr(error, "http_status", None) != _CONFLICT:
        stripe_outages.failed(at)
