"""What is stuck: the shop serves, and something waits for a machine or a person."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from shop.core.durations import several
from shop.operations.diagnoses import Diagnosis
from shop.orders.models import Order, Refund, StripeEvent, overdue, stuck_refunds, unsent

#: How long an event of Stripe's may be pending before it is told.
EVENT_GRACE = timedelta(minutes=5)
#: Refunds that are told one by one.
LISTED = 5

_RECONCILE = "See that reconcile --watch runs."


def orders_past_their_claim(now: datetime) -> Iterator[Diagnosis]:
    """Unpaid orders that should have lapsed."""
    if count := Order.objects.filter(overdue(now)).count():
        text = f"{several(count, 'unpaid order')} should have lapsed, with stock still claimed."
        yield Diagnosis(text, _RECONCILE)


def events_that_wait(now: datetime) -> Iterator[Diagnosis]:
    """Stripe's events that were stored and not acted on."""
    waiting = StripeEvent.objects.filter(acted_at=None, received_at__lte=now - EVENT_GRACE)
    if count := waiting.count():
        minutes = int(EVENT_GRACE.total_seconds()) // 60
        text = (
            f"Not acted on for more than {minutes} minutes: {several(count, 'event')} of Stripe's."
        )
        yield Diagnosis(text, f"Stripe cannot be asked, or: {_RECONCILE}")


def refunds_that_wait(now: datetime) -> Iterator[Diagnosis]:
    """Money that should have gone back, and did not."""
    for refund in stuck_refunds(now)[:LISTED]:
        what = f"{refund.amount_text} of {refund.order}"
        if refund.status == Refund.Status.FAILED:
            text = f"A refund failed: {what} did not go back."
            yield Diagnosis(text, "Refund it again on the order's page in the back office.")
        else:
            yield Diagnosis(f"Stripe has not taken on a refund yet: {what}.", _RECONCILE)


def mails_that_wait(now: datetime) -> Iterator[Diagnosis]:
    """Receipts that the mail server did not take."""
    if count := Order.objects.filter(unsent(now)).count():
        text = f"{several(count, 'receipt')} could not be mailed."
        yield Diagnosis(text, f"Mend EMAIL_URL if the mail server is away. {_RECONCILE}")
