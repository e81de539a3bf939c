"""Stripe's own record: what was created there since an instant, newest first.

By list, never by search, which lags behind by a minute and more. A call is made for every hundred,
when the reader comes to them. ``created`` is by Stripe's clock, so instants here are the machine's
time, which no travelling clock moves.
"""

from collections.abc import Iterator
from datetime import datetime

import stripe

from offers.conf import ring
from shop.payments.stripe_client import client
from shop.payments.stripe_metadata import metadata_text

#: Objects that a call brings; the most that Stripe gives.
PAGE = 100


def intents_since(instant: datetime) -> Iterator[stripe.PaymentIntent]:
    """Our PaymentIntents that were created since an instant, each with its latest charge.

    :raises KeyRingError: no issuer says which are ours
    :raises stripe.StripeError: Stripe cannot be asked
    """
    issuer = our_issuer()
    return (intent for intent in all_intents(instant) if issuer_of(intent) == issuer)


def all_intents(instant: datetime) -> Iterator[stripe.PaymentIntent]:
    """The same, also of others who use this account of Stripe's.

    :raises stripe.StripeError: Stripe cannot be asked
    """
    pages = client().v1.payment_intents.list(
        {
            "created": {"gte": _seconds(instant)},
            "limit": PAGE,
            "expand": ["data.latest_charge"],
        }
    )
    yield from pages.auto_paging_iter()


def refunds_since(instant: datetime) -> Iterator[stripe.Refund]:
    """Refunds that were created since an instant, of whatever payment: its id says whose.

    :raises stripe.StripeError: Stripe cannot be asked
    """
    pages = client().v1.refunds.list({"created": {"gte": _seconds(instant)}, "limit": PAGE})
    yield from pages.auto_paging_iter()


def disputes_since(instant: datetime) -> Iterator[stripe.Dispute]:
    """Disputes that were opened since an instant, of whatever payment: its id says whose.

    :raises stripe.StripeError: Stripe cannot be asked
    """
    pages = client().v1.disputes.list({"created": {"gte": _seconds(instant)}, "limit": PAGE})
    yield from pages.auto_paging_iter()


def our_issuer() -> str:
    """The issuer that marks our PaymentIntents: another one in a shop with a travelling clock.

    :raises KeyRingError: the settings do not make a key ring
    """
    return ring().active.issuer


def issuer_of(intent: stripe.PaymentIntent) -> str:
    """Who made a PaymentIntent, by its metadata; empty where they do not say."""
    return metadata_text(intent, "issuer")


def _seconds(instant: datetime) -> int:
    """Whole seconds since 1970, as Stripe counts, rounded down."""
    return int(instant.timestamp() // 1)
