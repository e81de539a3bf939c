"""Whether the database was restored: Stripe knows an order of ours that the database does not.

An order's row is written before its payment is made at Stripe. So a payment that carries our
issuer and the number of an unknown order proves that rows were lost. Checkout is closed then,
for all processes, until ``manage.py restored`` has brought back what Stripe knows.
"""

import logging
from collections.abc import Iterable
from datetime import datetime
from threading import Lock

import stripe
from django.db.models import Max

from shop.orders.models import Order
from shop.payments.stripe_client import client, reason_of
from shop.payments.stripe_metadata import metadata_text
from shop.payments.stripe_record import PAGE, issuer_of, our_issuer
from shop.sales.models import Restoration
from shop.sales.restorations import close_checkout, is_checkout_closed

logger = logging.getLogger(__name__)


def notice_restore(intents: Iterable[stripe.PaymentIntent], now: datetime) -> Restoration | None:
    """Close checkout if a payment of ours is of an order that the database does not know.

    :returns: the restoration; None if every order is known
    """
    seen_until = Restoration.objects.aggregate(latest=Max("seen_until"))["latest"] or 0
    issuer = our_issuer()
    numbers = {
        number
        for each in intents
        if each.created > seen_until
        and issuer_of(each) == issuer
        and (number := metadata_text(each, "order"))
    }
    known = set(Order.objects.filter(number__in=numbers).values_list("number", flat=True))
    forgotten = sorted(numbers - known)
    if not forgotten:
        return None
    if not is_checkout_closed():
        logger.error(
            "Stripe knows %d orders that the database does not, such as %s: it was restored. "
            "Checkout is closed until `manage.py restored DIR` has run.",
            len(forgotten),
            forgotten[0],
        )
    return close_checkout(proof=forgotten[0], now=now)


def newest_intents() -> list[stripe.PaymentIntent]:
    """The newest payments of the account, one page of Stripe's list.

    :raises stripe.StripeError: Stripe cannot be asked
    """
    return list(client().v1.payment_intents.list({"limit": PAGE}).data)


class RestoreCheck:
    """Looks once a process, before its first checkout."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._tries = 0
        self.is_done = False

    def closes_checkout(self, now: datetime) -> bool:
        """Look, unless it was done before; whether checkout is closed by what was found.

        Threads that come meanwhile wait for the result. Where Stripe cannot be asked, the next
        checkout tries again.
        """
        tries = self._tries
        if self.is_done:
            # From now on the facts that a bag is judged by say whether it is closed.
            return False
        with self._lock:
            if self.is_done or self._tries != tries:
                return is_checkout_closed()
            try:
                found = notice_restore(newest_intents(), now)
                self.is_done = True
            except stripe.StripeError as error:
                reason = reason_of(error)
                logger.warning("Stripe's list of payments cannot be read: %s", reason)
                return False
            finally:
                self._tries += 1
        return found is not None


restore_check = RestoreCheck()
