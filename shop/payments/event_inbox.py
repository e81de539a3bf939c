"""Stripe's events: stored, answered, and processed by a background task.

Processing asks Stripe. A row that is left pending is processed by a later event or by
``reconcile``; twice does no harm.
"""

import logging
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

import stripe
from django.conf import settings
from django.tasks import task
from django.utils import timezone

from shop.core import background
from shop.core.machine_clock import monotonic_seconds, unix_seconds
from shop.orders.models import StripeEvent
from shop.payments.stripe_client import client
from shop.payments.webhooks import TryLater, handler_for

logger = logging.getLogger(__name__)

#: How long the answer to an event waits for its processing: half of the 200 ms that it has.
PATIENCE_SECONDS = 0.1
#: How long an event may be pending before a later one processes it too.
TIME_TO_ACT = timedelta(minutes=1)
#: For how long it is tried: as long as Stripe would.
TIME_TO_TRY = timedelta(days=3)
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


def store(event: dict[str, Any], now: datetime) -> StripeEvent:
    """Store an event for processing; one that is stored already stays as it is."""
    row = _row(event, now)
    StripeEvent.objects.bulk_create([row], ignore_conflicts=True)
    return StripeEvent.objects.get(pk=row.pk)


def process_soon(row: StripeEvent) -> None:
    """Process an event and pending others in the background; wait a little for the end of it.

    Usually Stripe answers at once, and the event is processed when its sender is answered.
    """
    if row.acted_at is None:
        background.wait_for(process_stored.enqueue(row.pk), PATIENCE_SECONDS)


def process(row: StripeEvent, now: datetime) -> bool:
    """Process an event; False where Stripe cannot answer and it stays pending."""
    try:
        if handler := handler_for(row.type):
            handler(row, now)
    except stripe.InvalidRequestError:
        logger.warning("Stripe does not know what its event %s is about", row.pk)
    except (TryLater, stripe.StripeError):
        logger.warning("Stripe cannot say what became of its event %s", row.pk)
        return False
    StripeEvent.objects.filter(pk=row.pk, acted_at=None).update(acted_at=now)
    return True


def process_pending(
    now: datetime, *, waiting_for: timedelta = timedelta(0), limit: int | None = None
) -> None:
    """Process pending events; the first that Stripe does not answer in time ends it.

    :param waiting_for: only those that have been pending for so long
    :param limit: how many at most; None for all
    """
    left = StripeEvent.objects.filter(acted_at=None, received_at__gt=now - TIME_TO_TRY)
    if waiting_for:
        left = left.filter(received_at__lte=now - waiting_for)
    started = monotonic_seconds()
    # In random order: one that always fails must not always block the others.
    for row in left.order_by("?")[:limit]:
        try:
            is_done = process(row, now)
            if not is_done and monotonic_seconds() - started > settings.STRIPE_TIMEOUT_SECONDS:
                return
        except Exception:
            # A fault in one must not keep the others waiting.
            logger.exception("Stripe's event %s cannot be acted on", row.pk)


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
        rows = {event.id: _row(event.to_dict(), now) for event in some}
        missed = [rows[pk] for pk in rows.keys() - StripeEvent.objects.in_bulk(list(rows)).keys()]
        StripeEvent.objects.bulk_create(missed, ignore_conflicts=True)
        if missed:
            logger.info("%d of Stripe's events had never come", len(missed))
    return started


def _row(event: dict[str, Any], now: datetime) -> StripeEvent:
    """The row of an event, with the ids of its object and no personal data."""
    event_type, about = str(event.get("type", "")), event.get("data", {}).get("object", {})
    metadata = about.get("metadata") or {}
    return StripeEvent(
        id=str(event.get("id", "")),
        type=event_type,
        about={
            "id": about.get("id") or "",
            "payment_intent": about.get("payment_intent") or "",
            "metadata": {name: metadata[name] for name in ("order", "round") if name in metadata},
        },
        received_at=now,
        acted_at=None if handler_for(event_type) else now,
    )


@task
def process_stored(event_id: str) -> None:
    """Act on a stored event; and, if that succeeds, on older ones that are still pending."""
    now = timezone.now()  # noqa: TID251
    row = StripeEvent.objects.get(pk=event_id)
    if row.acted_at is not None or process(row, now):
        process_pending(now, waiting_for=TIME_TO_ACT, limit=MAX_PENDING)
