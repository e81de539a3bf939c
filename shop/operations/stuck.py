"""What is stuck: the shop serves, and something waits for a machine or a person."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from offers.conf import keys_to_retire
from offers.keys import KeyRingError
from offers.verdicts import Verdict
from shop.core.durations import duration, several
from shop.core.formatting import utc
from shop.operations.diagnoses import Diagnosis, in_the_way
from shop.orders.models import (
    IS_SET_ASIDE,
    UNRESOLVED,
    Order,
    PaymentDiscrepancy,
    Refund,
    StripeEvent,
    overdue,
    stuck_refunds,
    unsent,
)
from shop.payments.heartbeat import is_stale, last_round
from shop.sales.models import RefusalCount
from shop.sales.outages import affected_sales
from shop.sales.refusals import NO_SALE
from shop.sales.restorations import is_checkout_closed, undecided_sales
from shop.staff.password_links import waiting_links

#: How long an event of Stripe's may be pending before it is told.
EVENT_GRACE = timedelta(minutes=5)
#: How long it is told that a key has signed what the shop never offered.
LEAK_TOLD_FOR = timedelta(days=7)
#: Refunds that are told one by one.
LISTED = 5

_RECONCILE = "See that reconcile --watch runs."
_LOG = "Its log says more."
_DISCREPANCY = "After a restored backup run: manage.py restored. Otherwise look at it at Stripe."


def orders_past_their_claim(now: datetime) -> Iterator[Diagnosis]:
    """Unpaid orders that should have lapsed."""
    if count := Order.objects.filter(overdue(now)).count():
        text = f"{several(count, 'unpaid order')} should have lapsed, with stock still claimed."
        yield Diagnosis(text, _RECONCILE)


def reconcile_that_does_not_run(now: datetime) -> Iterator[Diagnosis]:
    """Whether ``reconcile`` has gone its rounds, and got through them."""
    last = last_round()
    if last is None:
        yield Diagnosis("reconcile has never run: what a crash leaves open stays open.", _RECONCILE)
    elif is_stale(last, now):
        text = f"reconcile has not run since {utc(last.ended_at)}."
        yield Diagnosis(f"{text} What a crash leaves open stays open.", _RECONCILE)
    elif last.problems:
        steps = "; ".join(last.problems.splitlines())
        yield Diagnosis(f"The last round of reconcile did not get through: {steps}.", _LOG)


def events_that_wait(now: datetime) -> Iterator[Diagnosis]:
    """Stripe's events that were stored and not acted on."""
    waiting = StripeEvent.objects.filter(acted_at=None, set_aside_at=None)
    if count := waiting.filter(received_at__lte=now - EVENT_GRACE).count():
        minutes = int(EVENT_GRACE.total_seconds()) // 60
        events = f"{several(count, 'event')} of Stripe's"
        text = f"Not acted on for more than {minutes} minutes: {events}."
        yield Diagnosis(text, f"Stripe cannot be asked, or: {_RECONCILE}")
    if count := StripeEvent.objects.filter(IS_SET_ASIDE).count():
        text = f"Set aside, because acting on them failed each time: {several(count, 'event')}."
        yield Diagnosis(text, "The log says why; then: manage.py reconcile --retry-set-aside")


def payments_in_doubt(now: datetime) -> Iterator[Diagnosis]:
    """Payments on which Stripe's record and the order book disagree."""
    for row in PaymentDiscrepancy.objects.filter(UNRESOLVED)[:LISTED]:
        text = f"{row.get_kind_display()}: {row.amount_text}, {row.payment_intent}"
        yield Diagnosis(f"{text}, order {row.order_number}.", _DISCREPANCY)


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
    """Receipts, and links to choose a password, that the mail server did not take."""
    if count := waiting_links():
        text = f"{several(count, 'link')} to choose a password could not be mailed."
        yield Diagnosis(text, f"Mend EMAIL_URL if the mail server is away. {_RECONCILE}")
    if count := Order.objects.filter(unsent(now)).count():
        text = f"{several(count, 'receipt')} could not be mailed."
        yield Diagnosis(text, f"Mend EMAIL_URL if the mail server is away. {_RECONCILE}")


def restore_that_waits(now: datetime) -> Iterator[Diagnosis]:
    """A backup was restored, and something has still to be learned or decided."""
    if is_checkout_closed():
        text = "Checkout is closed: the database was restored, and Stripe knows orders that it does"
        yield in_the_way(f"{text} not.", "Run manage.py restored DIR.")
    if slugs := undecided_sales():
        text = f"The shop was restored, and lines of {', '.join(slugs)} wait in every bag."
        yield Diagnosis(text, "Run manage.py restored DIR with --honor or --recall for each.")


def keys_that_have_done_their_work(now: datetime) -> Iterator[Diagnosis]:
    """Keys that verify nothing any more that is good."""
    with suppress(KeyRingError):  # which the settings' own probe tells
        for kid in keys_to_retire(now):
            text = f"All offers that key {kid} signed have run out."
            yield Diagnosis(text, f"Run: manage.py offer_keys retire {kid}")


def keys_that_may_have_leaked(now: datetime) -> Iterator[Diagnosis]:
    """Offers that a key of ours has signed, and no page ever made."""
    # A message that no key of ours has signed is counted for no sale.
    forged = RefusalCount.objects.filter(verdict=Verdict.FORGED).exclude(sale=NO_SALE)
    last = forged.filter(minute__gt=now - LEAK_TOLD_FOR).order_by("minute").last()
    if last is not None:
        text = (
            f"At {utc(last.minute)}, an offer came that our own key has signed, and no page made."
        )
        yield Diagnosis(
            f"{text} Unless prices were changed by hand, the key has leaked.",
            "The log names the key. Run: manage.py offer_keys void KID --leaked",
        )


def outages_without_an_answer(now: datetime) -> Iterator[Diagnosis]:
    """Sales whose prices were held while checkout was away, and whose merchants were not there."""
    for each in affected_sales(now)[:LISTED]:
        text = f"Checkout was away for {duration(each.span)} while prices of {each.sale} were held."
        yield Diagnosis(text, "The start page of the back office offers to hold them longer.")
