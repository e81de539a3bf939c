"""Stripe's events: stored, answered, and processed by a background task.

Processing asks Stripe. A row that is left pending is processed by a later event or by
``reconcile``; twice does no harm.
"""

import logging
from datetime import datetime, timedelta
from itertools import batched

import stripe
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.tasks import task
from django.utils import timezone

from shop.core import background
from shop.core.machine_clock import monotonic_seconds, unix_seconds
from shop.orders.models import StripeEvent
from shop.payments.event_facts import MalformedEvent, facts_of, is_untold
from shop.payments.event_retries import count_failure, due, is_due, set_aside_if_old
from shop.payments.stripe_client import client
from shop.payments.webhooks import TryLater, handler_for

logger = logging.getLogger(__name__)

#: How long the answer to an event waits for its processing: half of the 200 ms that it has.
PATIENCE_SECONDS = 0.1
#: How long an event may be pending before a later one processes it too.
TIME_TO_ACT = timedelta(minutes=1)
#: Pending events that the task of another event processes, at most.
MAX_PENDING = 20
#: Types that are fetched from Stripe's record; open orders ask for their payments themselves.
FETCHED_TYPES = (
    "charge.refunded",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)
#: How far back Stripe's record goes, and how much of it is read again, in seconds.
RECORD_SECONDS = 30 * 24 * 3600
OVERLAP_SECONDS = 3600


def store(event: object, now: datetime) -> StripeEvent:
    """Store an event for processing; one that is stored already stays as it is.

    :raises MalformedEvent: it has not the form of an event; nothing is stored
    """
    row = _row(event, now)
    StripeEvent.objects.bulk_create([row], ignore_conflicts=True)
    return StripeEvent.objects.get(pk=row.pk)


def process_soon(row: StripeEvent, now: datetime) -> None:
    """Process an event and pending others in the background; wait a little for the end of it.

    Usually Stripe answers at once, and the event is processed when its sender is answered.
    """
    if is_due(row, now):
        background.wait_for(process_stored.enqueue(row.pk), PATIENCE_SECONDS)


def process(row: StripeEvent, now: datetime) -> bool:
    """Process an event; False where Stripe cannot answer and it stays pending.

    One that raises an error is tried again later (``event_retries``).

    :raises django.db.Error: the database is away, which is no fault of the event's
    """
    try:
        if handler := handler_for(row.type):
            handler(row, now)
    except stripe.InvalidRequestError:
        logger.warning("Stripe does not know what its event %s is about", row.pk)
    except (TryLater, stripe.StripeError):
        logger.warning("Stripe cannot say what became of its event %s", row.pk)
        set_aside_if_old(row, now)
        return False
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("Stripe's event %s cannot be acted on", row.pk)
        count_failure(row, now)
        return True
    StripeEvent.objects.filter(pk=row.pk, acted_at=None).update(acted_at=now)
    return True


def process_pending(
    now: datetime, *, waiting_for: timedelta = timedelta(0), limit: int | None = None
) -> None:
    """Process pending events; the first that Stripe does not answer in time ends it.

    :param waiting_for: only those that have been pending for so long
    :param limit: how many at most; None for all
    """
    left = StripeEvent.objects.filter(due(now))
    if waiting_for:
        left = left.filter(received_at__lte=now - waiting_for)
    started = monotonic_seconds()
    # In random order: one that always fails must not always block the others.
    for row in left.order_by("?")[:limit]:
        is_done = process(row, now)
        if not is_done and monotonic_seconds() - started > settings.STRIPE_TIMEOUT_SECONDS:
            return


def fetch_missed(now: datetime, *, since: float | None = None) -> float:
    """Store the events in Stripe's record that never came; a call for every hundred.

    :param since: when this was done last, in seconds since 1970; None for never
    :returns: when it was done now
    :raises stripe.StripeError: Stripe cannot be asked
    """
    started = unix_seconds()
    first = started - RECORD_SECONDS if since is None else since - OVERLAP_SECONDS
    pages = client().v1.events.list(
        {"types": list(FETCHED_TYPES), "created": {"gte": int(first)}, "limit": 100}
    )
    for some in batched(pages.auto_paging_iter(), 100, strict=False):
        rows = {row.pk: row for event in some if (row := _row_or_none(event, now))}
        missed = [rows[pk] for pk in rows.keys() - StripeEvent.objects.in_bulk(list(rows)).keys()]
        StripeEvent.objects.bulk_create(missed, ignore_conflicts=True)
        if missed:
            logger.info("%d of Stripe's events had never come", len(missed))
    return started


def _row(event: object, now: datetime) -> StripeEvent:
    """The row of an event.

    :raises MalformedEvent: it has not the form of an event
    """
    event_type = event.get("type") if isinstance(event, dict) else None
    is_handled = isinstance(event_type, str) and handler_for(event_type) is not None
    facts = facts_of(event, is_handled=is_handled)
    return StripeEvent(
        id=facts.id,
        type=facts.type,
        about=facts.about,
        received_at=now,
        acted_at=None if is_handled else now,
    )


def _row_or_none(event: stripe.Event, now: datetime) -> StripeEvent | None:
    try:
        return _row(event.to_dict(), now)
    except MalformedEvent as problem:
        if is_untold(str(event.id)):
            logger.error("An event in Stripe's record is malformed: %s", problem)
        return None


@task
def process_stored(event_id: str) -> None:
    """Act on a stored event; and, if that succeeds, on older ones that are still pending."""
    now = timezone.now()  # noqa: TID251
    row = StripeEvent.objects.get(pk=event_id)
    if not is_due(row, now) or process(row, now):
        process_pending(now, waiting_for=TIME_TO_ACT, limit=MAX_PENDING)
